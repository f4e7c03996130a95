import { command, ownGuild } from '../command.ts';
import { inChannelOr } from '../permissions.ts';
import { reply } from '../words.ts';
import { channelOption } from './options.ts';

/** `/call leave`: the channel leaves the queue or its call, and rests until somebody joins anew. */
export const callLeave = command({
  key: 'command.call.leave',
  options: [channelOption],
  rule: inChannelOr('ManageChannels'),
  target: true,
  run: async (context) => reply(context.language, await ownGuild(context).act('leave', context.target.channelId)),
});
