import { ChannelType } from 'discord-api-types/v10';
import { command, ownGuild } from '../command.ts';
import { refusal, reply } from '../words.ts';
import { categoryOption } from './options.ts';

/** `/setup record category`: voice channels that are made under it from now on are recorded when somebody joins. */
export const setupRecordCategory = command({
  key: 'command.setup.record.category',
  rule: 'setup',
  options: [categoryOption],
  run: async (context) => {
    const categoryId = String(context.options.get('category') ?? '');
    const category = context.channels[categoryId];
    if (category?.type !== ChannelType.GuildCategory) {
      return refusal(context.say('category_needed'), 'category_needed');
    }
    const rule = { kind: 'category' as const, categoryId, name: category.name.slice(0, 100) };
    return reply(context.language, await ownGuild(context).setRecordRule({ add: [rule] }));
  },
});
