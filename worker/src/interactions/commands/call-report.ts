import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { command, ownGuild, textOption } from '../command.ts';
import { reply } from '../words.ts';
import { channelOption } from './options.ts';

/** `/call report`: keeps who, when, with whom and why, and has the last ten seconds sealed, for the named readers. */
export const callReport = command({
  key: 'command.call.report',
  options: [{ key: 'option.reason', type: Type.String, required: true, maxLength: 500 }, channelOption],
  rule: 'call.report',
  target: true,
  run: async (context) => {
    const { userId, target, token, language } = context;
    const reason = (textOption(context, 'reason') ?? '').slice(0, 500);
    const request = { channelId: target.channelId, userId, reason, reply: { token, language } };
    return reply(language, await ownGuild(context).report(request));
  },
});
