/** Monitors: channels that listen to a running call. Never hidden, and only where the other side's server allows it. */
import { type Env, sessionOf } from '../env.ts';
import type { ChangeAnswer, Refusal } from '../session/changes.ts';
import type { GuildBook } from './book.ts';
import { decide, wantsToListen } from './channel-policy.ts';
import { accept, type Reply, refuse } from './replies.ts';
import { refused } from './session-refusals.ts';
import type { Channel, GuildStore } from './store.ts';

/** May monitors of other guilds listen to calls with this one? Not unless its moderators say so. */
export function allowsMonitors(store: GuildStore): boolean {
  return store.meta('allowMonitors') === 'yes';
}

/** `/monitors allow|deny`: counts for calls that begin from now on. */
export function allowMonitors(book: GuildBook, allow: boolean): Reply {
  book.store.setMeta('allowMonitors', allow ? 'yes' : 'no');
  return accept(allow ? 'monitors_allowed' : 'monitors_denied');
}

/** Is the channel in a session that it only listens to? */
export const isListening = (book: GuildBook, { channelId, use, sessionId }: Channel): boolean =>
  use === 'session' && book.listeners.has(channelId, sessionId);

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

/** A call may be listened to from now on: monitors that wait for one look again. */
export function wakeMonitors(book: GuildBook): void {
  for (const { channelId, use } of book.store.channels()) {
    if (use === 'idle' && book.isMonitor(channelId)) book.reconsider(channelId);
  }
}

/**
 * Makes the wish of a channel that is set up as a monitor come true: it listens to the oldest call that permits it. The wish is
 * owed until this has answered; repeated after a crash it finds the channel listening already, or joins the same session once.
 */
export async function listen(book: GuildBook, env: Env, channelId: string): Promise<void> {
  for (const { sessionId } of book.audible()) {
    const channel = book.store.channel(channelId);
    if (!channel || decide(book.situation(channel), Date.now()) !== 'listen') return;
    const leg = { guildId: book.id, channelId, role: 'monitor' as const };
    const answer: ChangeAnswer = await sessionOf(env, sessionId).attach(leg);
    if (answer.ok) return;
    console.warn(`guild ${book.id}: monitor ${channelId} may not listen to ${sessionId}: ${answer.code}`);
  }
}

/** `/monitor start [channel]`: the channel that the user is in listens to that channel's call, or to the oldest that permits it. */
export async function monitor(
  book: GuildBook,
  env: Env,
  request: { userId: string; channelId: string | undefined },
): Promise<Reply> {
  const own = book.channelOf(request.userId);
  if (!own) return refuse('not_in_voice');
  const { channelId } = own;
  if (own.use === 'session')
    return refuse(isListening(book, own) ? 'listens_already' : 'channel_busy', { channel: channelId });
  // Asked for by hand: a monitor that was told to rest does so no longer.
  if (book.isMonitor(channelId)) book.store.setRest(channelId, 'none', 0);
  let first: Refusal | undefined;
  for (const sessionId of candidates(book, channelId, request.channelId)) {
    const leg = { guildId: book.id, channelId, role: 'monitor' as const };
    const answer: ChangeAnswer = await sessionOf(env, sessionId).attach(leg);
    if (answer.ok) return accept('listening', { channel: channelId });
    first ??= answer;
  }
  return first ? refused(book, first, channelId) : refuse('nothing_to_monitor');
}

/** `/monitor stop`: the channel that the user is in listens no longer; the call goes on. Inside a transaction. */
export function stopMonitor(book: GuildBook, userId: string): Reply {
  const channel = book.channelOf(userId);
  if (!channel) return refuse('not_in_voice');
  return stopListening(book, channel) ?? refuse('not_listening', { channel: channel.channelId });
}

/**
 * Ends the listening of a channel, or the waiting of a monitor; `null`: it does neither. A monitor then rests until everybody has
 * left and somebody joins anew.
 */
export function stopListening(book: GuildBook, channel: Channel): Reply | null {
  const { channelId, sessionId } = channel;
  const rests = book.isMonitor(channelId);
  if (isListening(book, channel)) {
    const call = book.calls.of(sessionId ?? '', channelId);
    if (call) book.calls.update({ ...call, intent: 'leave' });
    book.owe(`session:${sessionId}`, { kind: 'detach', channelId, reason: 'command' });
    return accept(rests ? 'monitor_stopped' : 'listening_stopped', { channel: channelId });
  }
  if (!wantsToListen(book.situation(channel), Date.now())) return null;
  book.store.setRest(channelId, 'until-empty', 0);
  book.announce(channelId);
  return accept('monitor_stopped', { channel: channelId });
}
