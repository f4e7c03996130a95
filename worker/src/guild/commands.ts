/** What people ask of a channel: queue it, go on to the next partner, leave, stop. Inside a transaction. */
import type { GuildBook } from './book.ts';
import { isPaused } from './breaker.ts';
import type { Intent } from './channel-policy.ts';
import { holders, identityCount, sessionsIn } from './leases.ts';
import { isListening, stopListening } from './monitors.ts';
import { holdRecording } from './record.ts';
import { accept, type Reply, refuse } from './replies.ts';
import type { Channel } from './store.ts';

/** Why a channel cannot queue now; `null`: it can. */
export function hindrance(book: GuildBook, channel: Channel): Reply | null {
  const { channelId } = channel;
  const { humans, leastPeople, identityFree } = book.situation(channel);
  const breaker = book.breaker;
  if (isPaused(breaker, Date.now())) return refuse('guild_paused', { until: Math.ceil(breaker.until / 1000) });
  if (!identityFree) return noIdentityFree(book, channelId);
  if (humans < leastPeople) return refuse('too_few_people', { channel: channelId, least: leastPeople });
  return null;
}

/** Why no bot account can serve a channel: who has them, or that there is none. */
export function noIdentityFree(book: GuildBook, channelId: string): Reply {
  if (identityCount(book.store) === 0) return refuse('no_identity_here');
  return { ...refuse('no_identity', { channel: channelId }), holders: holders(book.store) };
}

/** `/call join`: queues the channel that the user is in; answers the ticket that waits. */
export function joinQueue(book: GuildBook, userId: string): Reply | { ticketId: string; pool: string } {
  const channel = book.channelOf(userId);
  if (!channel) return refuse('not_in_voice');
  const { channelId } = channel;
  if (book.isMonitor(channelId) || isListening(book, channel)) return refuse('only_listens', { channel: channelId });
  if (channel.use === 'session') return refuse('channel_busy', { channel: channelId });
  if (channel.use === 'idle') {
    const problem = hindrance(book, channel);
    if (problem) return problem;
    book.store.setRest(channelId, 'none', 0);
    book.enqueue(channelId);
  }
  const ticket = book.settings.ticket(channelId);
  return { ticketId: ticket?.ticketId ?? '', pool: ticket?.pool ?? '' };
}

/** Ends a channel's session and notes what its people want then. Who leaves takes along only their own side. */
function endSession(book: GuildBook, channel: Channel, intent: Intent): void {
  const { channelId } = channel;
  const sessionId = channel.sessionId ?? '';
  const call = book.calls.of(sessionId, channelId);
  if (call) book.calls.update({ ...call, intent });
  const kind = intent === 'leave' ? 'detach' : 'stop';
  book.owe(`session:${sessionId}`, { kind, reason: 'command', channelId });
}

/** `/call next`: ends this side's call and queues again at once, whatever the setting says. */
export function next(book: GuildBook, channelId: string): Reply {
  const channel = book.store.channel(channelId);
  if (channel?.use !== 'session') return refuse('no_call', { channel: channelId });
  if (isListening(book, channel)) return refuse('only_listens', { channel: channelId });
  endSession(book, channel, 'next');
  return accept('next', { channel: channelId });
}

/** `/call leave`: out of the queue or the call; idle until somebody joins anew. Where two others still talk, they go on. */
export function leave(book: GuildBook, channelId: string): Reply {
  return quit(book, channelId, 'leave', { waiting: 'left_queue', session: 'left_call' });
}

/** `/call stop`: ends the call of a channel or takes its ticket back. */
export function stop(book: GuildBook, channelId: string): Reply {
  return quit(book, channelId, 'stop', { waiting: 'withdrawn', session: 'stopping' });
}

function quit(
  book: GuildBook,
  channelId: string,
  intent: 'leave' | 'stop',
  codes: { waiting: 'left_queue' | 'withdrawn'; session: 'left_call' | 'stopping' },
): Reply {
  const channel = book.store.channel(channelId);
  // The call that a monitor listens to is not its own to end.
  const silenced = channel ? stopListening(book, channel) : null;
  if (silenced) return silenced;
  if (channel?.use === 'session') {
    endSession(book, channel, intent);
    return accept(codes.session, { channel: channelId });
  }
  if (channel?.use !== 'waiting') return refuse('nothing_to_stop', { channel: channelId });
  book.withdraw(channelId, channel.ticketId ?? '');
  book.store.setRest(channelId, intent === 'leave' ? 'until-join' : 'until-empty', 0);
  return accept(codes.waiting, { channel: channelId });
}

/** `/leave`: the bot leaves a channel, whatever it does there: its side of a call and recordings end, a ticket is taken back. */
export function evict(book: GuildBook, channelId: string): Reply {
  const channel = book.store.channel(channelId);
  const sessions = new Set(sessionsIn(book.store, channelId));
  // A recording that is about to begin has no leg yet.
  const recording = book.records.of(channelId);
  if (recording) sessions.add(recording.sessionId);
  if (channel?.use === 'session') {
    endSession(book, channel, 'leave');
    sessions.delete(channel.sessionId ?? '');
  } else if (channel?.use === 'waiting') {
    book.withdraw(channelId, channel.ticketId ?? '');
    book.store.setRest(channelId, 'until-join', 0);
  } else if (sessions.size === 0) {
    return refuse('bot_not_here', { channel: channelId });
  }
  for (const sessionId of sessions) book.owe(`session:${sessionId}`, { kind: 'detach', reason: 'command', channelId });
  holdRecording(book, channelId);
  return accept('bot_leaving', { channel: channelId });
}
