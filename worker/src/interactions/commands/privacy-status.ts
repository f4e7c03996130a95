import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';

/** `/privacy status`: whether the caller has opted out in this server. */
export const privacyStatus = command({
  key: 'command.privacy.status',
  rule: 'privacy.set',
  run: async (context) => reply(context.language, await ownGuild(context).privacyStatus(context.userId)),
});
