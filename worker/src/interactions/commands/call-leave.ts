import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';
import { channelOption } from './options.ts';

/** `/call leave`: the channel leaves the queue or its call, and rests until somebody joins anew. */
export const callLeave = command({
  key: 'command.call.leave',
  options: [channelOption],
  rule: 'call.leave',
  target: true,
  run: async (context) => reply(context.language, await ownGuild(context).act('leave', context.target.channelId)),
});
