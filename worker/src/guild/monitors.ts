/** Monitors: channels that listen to a running call. Never hidden, and only where the other side's server allows it. */
import { type Env, sessionOf } from '../env.ts';
import type { ChangeAnswer } from '../session/changes.ts';
import type { GuildBook } from './book.ts';
import type { Reply } from './commands.ts';
import type { GuildStore } from './store.ts';

/** May monitors of other guilds listen to calls with this one? Not unless its moderators say so. */
export function allowsMonitors(store: GuildStore): boolean {
  return store.meta('allowMonitors') === 'yes';
}

/** `/monitors allow|deny`: counts for calls that begin from now on. */
export function allowMonitors(book: GuildBook, allow: boolean): Reply {
  book.store.setMeta('allowMonitors', allow ? 'yes' : 'no');
  const message = allow
    ? 'Moderators of servers that you are in a call with may listen to it from a channel of theirs. They are announced.'
    : 'Monitors of other servers are refused from the next call on.';
  return { ok: true, code: allow ? 'allowed' : 'denied', message };
}

const refuse = (code: string, message: string): Reply => ({ ok: false, code, message });

/** Sessions that this guild takes part in, the oldest first; with `channelId`, that of the channel alone. */
function candidates(book: GuildBook, own: string, channelId: string | undefined): string[] {
  const running = book.store
    .channels()
    .flatMap(({ channelId: id, use, sessionId }) =>
      use === 'session' && sessionId !== null && id !== own && (channelId ?? id) === id ? [sessionId] : [],
    );
  // Ids of sessions are ULIDs: their order is that of their start.
  return [...new Set(running)].sort();
}

/** `/monitor [channel]`: the channel that the user is in listens to that channel's call, or to the oldest that permits it. */
export async function monitor(
  book: GuildBook,
  env: Env,
  request: { userId: string; channelId: string | undefined },
): Promise<Reply> {
  const own = book.channelOf(request.userId);
  if (!own) return refuse('not_in_voice', 'Join the voice channel that shall listen first.');
  if (own.use === 'session') {
    return refuse('channel_busy', 'Your channel is in a call itself. Listen from another channel.');
  }
  const sessions = candidates(book, own.channelId, request.channelId);
  let refused: ChangeAnswer | undefined;
  for (const sessionId of sessions) {
    const leg = { guildId: book.id, channelId: own.channelId, role: 'monitor' as const };
    const answer: ChangeAnswer = await sessionOf(env, sessionId).attach(leg);
    if (answer.ok) {
      const message = `${own.name} listens to the call. Everybody in it is told; nobody in it hears you.`;
      return { ok: true, code: 'listening', message };
    }
    refused ??= answer;
  }
  if (refused && !refused.ok) return refused;
  return refuse('nothing_to_monitor', 'No call is running here that your channel could listen to.');
}
