import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';

/** `/privacy optin`: the caller's voice may be recorded in this server again. */
export const privacyOptin = command({
  key: 'command.privacy.optin',
  rule: 'privacy.set',
  run: async (context) => reply(context.language, await ownGuild(context).setOptOut(context.userId, false)),
});
