import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { type RecordRule, ruleKey } from '../../guild/record-policy.ts';
import { type CommandContext, command, ownGuild, textOption } from '../command.ts';
import { reply } from '../words.ts';

/** A rule as a choice: Discord shows no mentions there. */
function nameOf({ say }: CommandContext, rule: RecordRule): string {
  if (rule.kind === 'category') return say('rule.category', { name: rule.name });
  return rule.kind === 'people' ? say('rule.people', { name: rule.name, least: rule.least }) : rule.name;
}

/** `/setup record remove`: takes one of the rules back. */
export const setupRecordRemove = command({
  key: 'command.setup.record.remove',
  rule: 'setup',
  options: [
    {
      key: 'option.rule',
      type: Type.String,
      required: true,
      maxLength: 100,
      complete: async (context, typed) => {
        const { defaults } = await ownGuild(context).show();
        return (defaults.recordRules ?? [])
          .map((rule) => ({ name: nameOf(context, rule), value: ruleKey(rule) }))
          .filter(({ name }) => name.toLowerCase().includes(typed));
      },
    },
  ],
  run: async (context) =>
    reply(context.language, await ownGuild(context).setRecordRule({ remove: textOption(context, 'rule') ?? '' })),
});
