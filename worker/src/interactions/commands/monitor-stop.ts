import { command, ownGuild } from '../command.ts';
import { withPermission } from '../permissions.ts';
import { reply } from '../words.ts';

/** `/monitor stop`: the caller's channel listens no longer; the call goes on. */
export const monitorStop = command({
  key: 'command.monitor.stop',
  rule: withPermission('ManageGuild'),
  run: async (context) => reply(context.language, await ownGuild(context).stopMonitor(context.userId)),
});
