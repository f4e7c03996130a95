import { command, ownGuild } from '../command.ts';
import { reply } from '../words.ts';

/** `/desk resume`: the caller is back in the call. Only from the staff's channel. */
export const deskResume = command({
  key: 'command.desk.resume',
  rule: 'desk',
  run: async (context) => reply(context.language, await ownGuild(context).desk(context.userId, 'resume')),
});
