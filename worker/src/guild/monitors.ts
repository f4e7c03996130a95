/** Monitors: channels that listen to a running call. Never hidden, and only where the other side's server allows it. */
import { type Env, sessionOf } from '../env.ts';
import type { ChangeAnswer, Refusal } from '../session/changes.ts';
import type { GuildBook } from './book.ts';
import { accept, type Reply, refuse } from './replies.ts';
import { refused } from './session-refusals.ts';
import type { GuildStore } from './store.ts';

/** May monitors of other guilds listen to calls with this one? Not unless its moderators say so. */
export function allowsMonitors(store: GuildStore): boolean {
  return store.meta('allowMonitors') === 'yes';
}

/** `/monitors allow|deny`: counts for calls that begin from now on. */
export function allowMonitors(book: GuildBook, allow: boolean): Reply {
  book.store.setMeta('allowMonitors', allow ? 'yes' : 'no');
  return accept(allow ? 'monitors_allowed' : 'monitors_denied');
}

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
  if (!own) return refuse('not_in_voice');
  const { channelId } = own;
  if (own.use === 'session') return refuse('channel_busy', { channel: channelId });
  let first: Refusal | undefined;
  for (const sessionId of candidates(book, channelId, request.channelId)) {
    const leg = { guildId: book.id, channelId, role: 'monitor' as const };
    const answer: ChangeAnswer = await sessionOf(env, sessionId).attach(leg);
    if (answer.ok) return accept('listening', { channel: channelId });
    first ??= answer;
  }
  return first ? refused(book, first, channelId) : refuse('nothing_to_monitor');
}
