import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';

/** `/setup reports off`: reports do not seal the last ten seconds of what this server's people say. */
export const setupReportsOff = command({
  key: 'command.setup.reports.off',
  rule: 'setup',
  run: async (context) => reply(context.language, await ownGuild(context).setSealing(false)),
});
