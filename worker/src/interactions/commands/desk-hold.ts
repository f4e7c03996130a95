import { command, ownGuild } from '../command.ts';
import { anyone } from '../permissions.ts';
import { reply } from '../words.ts';

/** `/desk hold`: the caller hears the hold tone and nobody else. Only from the staff's channel. */
export const deskHold = command({
  key: 'command.desk.hold',
  rule: anyone,
  run: async (context) => reply(context.language, await ownGuild(context).desk(context.userId, 'hold')),
});
