import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';

/** `/call join`: queues the voice channel that the caller is in. */
export const callJoin = command({
  key: 'command.call.join',
  rule: 'call.join',
  run: async (context) => reply(context.language, await ownGuild(context).join(context.userId)),
});
