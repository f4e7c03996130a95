import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';

/** `/desk hold`: the caller hears the hold tone and nobody else. Only from the staff's channel. */
export const deskHold = command({
  key: 'command.desk.hold',
  rule: 'desk',
  run: async (context) => reply(context.language, await ownGuild(context).desk(context.userId, 'hold')),
});
