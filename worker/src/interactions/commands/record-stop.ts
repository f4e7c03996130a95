import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';
import { channelOption } from './options.ts';

/** `/record stop`: ends a recording, or takes it back from a call that goes on. */
export const recordStop = command({
  key: 'command.record.stop',
  options: [channelOption],
  rule: 'record.stop',
  target: true,
  run: async (context) => reply(context.language, await ownGuild(context).stopRecording(context.target.channelId)),
});
