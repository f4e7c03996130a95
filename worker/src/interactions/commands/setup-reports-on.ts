import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';

/** `/setup reports on`: reports may seal the last ten seconds of what this server's people say. */
export const setupReportsOn = command({
  key: 'command.setup.reports.on',
  rule: 'setup',
  run: async (context) => reply(context.language, await ownGuild(context).setSealing(true)),
});
