import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';

/** `/privacy optout`: the caller's voice is not recorded or transcribed in this server, for good. */
export const privacyOptout = command({
  key: 'command.privacy.optout',
  rule: 'privacy.set',
  run: async (context) => reply(context.language, await ownGuild(context).setOptOut(context.userId, true)),
});
