import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';

/** `/monitor stop`: the caller's channel listens no longer; the call goes on. */
export const monitorStop = command({
  key: 'command.monitor.stop',
  rule: 'monitor',
  run: async (context) => reply(context.language, await ownGuild(context).stopMonitor(context.userId)),
});
