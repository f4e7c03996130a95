import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';
import { channelOption } from './options.ts';

/** `/call stop`: ends the call for both sides, or takes the channel out of the queue. */
export const callStop = command({
  key: 'command.call.stop',
  options: [channelOption],
  rule: 'call.stop',
  target: true,
  run: async (context) => reply(context.language, await ownGuild(context).act('stop', context.target.channelId)),
});
