import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';

/** `/monitors allow`: other servers' monitors may listen to calls with this one. */
export const monitorsAllow = command({
  key: 'command.monitors.allow',
  rule: 'monitor',
  run: async (context) => reply(context.language, await ownGuild(context).allowMonitors(true)),
});
