import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';
import { channelOption } from './options.ts';

/** `/call next`: ends the call of this side and looks for another partner at once. */
export const callNext = command({
  key: 'command.call.next',
  options: [channelOption],
  rule: 'call.next',
  target: true,
  run: async (context) => reply(context.language, await ownGuild(context).act('next', context.target.channelId)),
});
