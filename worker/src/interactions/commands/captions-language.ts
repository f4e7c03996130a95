import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { command, ownGuild, textOption } from '../command.ts';
import { judge, permissionKey } from '../permissions.ts';
import { refusal, reply } from '../words.ts';
import { captionLanguageChoices } from './languages.ts';

/** `/captions language`: what one speaks oneself, or what is spoken in the server; running captions follow at once. */
export const captionsLanguage = command({
  key: 'command.captions.language',
  rule: 'captions.own',
  options: [
    {
      key: 'option.caption-language',
      type: Type.String,
      required: true,
      maxLength: 16,
      complete: captionLanguageChoices,
    },
    { key: 'option.whose', type: Type.String, choices: { me: 'whose.me', server: 'whose.server' } },
  ],
  run: async (context) => {
    const { say, userId, permissions } = context;
    const forServer = textOption(context, 'for') === 'server';
    const lack = forServer ? judge('captions.set', { permissions }) : null;
    if (lack && lack.kind !== 'not_a_reader')
      return refusal(say(lack.kind, { permission: say(permissionKey(lack.permission)) }), lack.kind);
    const language = (textOption(context, 'language') ?? '').trim();
    const whose = forServer ? null : userId;
    return reply(context.language, await ownGuild(context).captions({ action: 'language', userId: whose, language }));
  },
});
