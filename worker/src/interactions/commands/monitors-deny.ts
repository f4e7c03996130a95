import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';

/** `/monitors deny`: other servers' monitors may not listen to calls with this one. */
export const monitorsDeny = command({
  key: 'command.monitors.deny',
  rule: 'monitor',
  run: async (context) => reply(context.language, await ownGuild(context).allowMonitors(false)),
});
