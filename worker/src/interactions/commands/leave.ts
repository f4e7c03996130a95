import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';
import { channelOption } from './options.ts';

/** `/leave`: the bot leaves the channel, whatever it does there. */
export const leave = command({
  key: 'command.leave',
  options: [channelOption],
  rule: 'bot.leave',
  target: true,
  run: async (context) => reply(context.language, await ownGuild(context).act('evict', context.target.channelId)),
});
