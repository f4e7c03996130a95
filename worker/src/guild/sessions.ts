import type { EndReason } from '@patchbay/shared/end-reason';
import type { SessionView } from '@patchbay/shared/hub-protocol';
import type { LegSpec } from '@patchbay/shared/session-spec';
import type { GuildBook } from './book.ts';
import { afterSession } from './channel-policy.ts';
import { busyIdentities } from './identity-pool.ts';
import { giveBack, lease } from './leases.ts';
import { allowsMonitors } from './monitors.ts';
import type { Channel } from './store.ts';

/** Ended sessions that the page still shows. */
const ENDED_KEPT = 5;

export interface ReserveRequest {
  sessionId: string;
  channelId: string;
  /** `null`: the channel is named directly, and leaves the queue for it. */
  ticketId: string | null;
  nodeId: string;
  /** Identities of that node, the main one first. */
  identityIds: string[];
  role: LegSpec['role'];
}
export type ReserveAnswer =
  | {
      ok: true;
      legId: string;
      identityId: string;
      guildName: string;
      record: boolean;
      allowMonitors: boolean;
    }
  /** `gone`: the ticket is no longer wanted; otherwise the side cannot start now. `message` is for people. */
  | { ok: false; code: string; message: string; gone: boolean };

const gone = (code: string, message: string): ReserveAnswer => ({ ok: false, code, message, gone: true });

/** Leases a leg for a session whose ticket waits here, or for a channel that joins one. Idempotent. */
export function reserve(book: GuildBook, request: ReserveRequest): ReserveAnswer {
  const { sessionId, ticketId, channelId } = request;
  const channel = book.store.channel(channelId);
  if (!channel) return gone('channel_gone', 'That voice channel does not exist any more.');
  const mine = channel.use === 'session' && channel.sessionId === sessionId;
  const waiting = ticketId !== null && channel.use === 'waiting' && channel.ticketId === ticketId;
  const named = ticketId === null && channel.use !== 'session';
  if (!mine && !waiting && !named) {
    return ticketId === null
      ? gone('channel_busy', `${channel.name} is in a call. Choose another channel, or end that call first.`)
      : gone('ticket_withdrawn', 'The channel has left the queue.');
  }
  const leg = lease(book.store, request);
  if (!leg) {
    const message = busyIdentities(book);
    book.store.setMeta(`refusal:${channelId}`, message);
    return { ok: false, code: 'no_identity', message, gone: false };
  }
  book.store.sql.exec('DELETE FROM meta WHERE key = ?', `refusal:${channelId}`);
  if (!mine) {
    if (named && channel.use === 'waiting') book.withdraw(channelId, channel.ticketId ?? '');
    book.use(channelId, 'session', { ticketId, sessionId });
  }
  return { ok: true, ...leg, guildName: book.name, record: channel.record, allowMonitors: allowsMonitors(book.store) };
}

/** A session was given up before it was placed: its channel waits again with its old ticket, unless it stopped it itself. */
export function release(book: GuildBook, sessionId: string, stoppedHere: boolean): void {
  giveBack(book.store, sessionId);
  for (const channel of book.store.channels()) {
    if (channel.sessionId !== sessionId) continue;
    if (stoppedHere) book.store.setRest(channel.channelId, true, 0);
    if (stoppedHere) book.use(channel.channelId, 'idle', {});
    else if (channel.ticketId === null) book.use(channel.channelId, 'idle', {});
    else book.use(channel.channelId, 'waiting', { ticketId: channel.ticketId });
    book.reconsider(channel.channelId);
  }
}

/** The newest view of a session that has a leg here. */
export function sessionChanged(book: GuildBook, view: SessionView): void {
  const { sql } = book.store;
  const body = JSON.stringify(view);
  const known = sql.exec('SELECT 1 FROM sessions WHERE session_id = ? AND view = ?', view.sessionId, body).toArray();
  if (known.length > 0) return;
  sql.exec('INSERT OR REPLACE INTO sessions(session_id, view) VALUES (?, ?)', view.sessionId, body);
  sql.exec(
    `DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions WHERE view ->> 'state' = 'ended'
      ORDER BY session_id DESC LIMIT -1 OFFSET ?)`,
    ENDED_KEPT,
  );
  book.emit('session.state', { guildId: book.id, session: view });
}

/** A session is over: gives its legs back and does with the channel what its setting says. Idempotent. */
export function sessionOver(
  book: GuildBook,
  sessionId: string,
  end: { reason: EndReason; stoppedHere: boolean },
  rest: { cooldownMs: number; faultMs: number },
): void {
  giveBack(book.store, sessionId);
  for (const channel of book.store.channels()) {
    if (channel.sessionId === sessionId) settle(book, channel, end, rest);
  }
}

/** One leg of a session is over while the others go on: its channel is free. Idempotent. */
export function legOver(
  book: GuildBook,
  at: { sessionId: string; channelId: string },
  end: { reason: EndReason; stoppedHere: boolean },
  rest: { cooldownMs: number; faultMs: number },
): void {
  giveBack(book.store, at.sessionId, at.channelId);
  const channel = book.store.channel(at.channelId);
  if (channel?.sessionId === at.sessionId) settle(book, channel, end, rest);
}

/** What a channel does after its session. */
function settle(
  book: GuildBook,
  channel: Channel,
  end: { reason: EndReason; stoppedHere: boolean },
  rest: { cooldownMs: number; faultMs: number },
): void {
  const next = afterSession({ setting: channel.after, ...end }, rest, Date.now());
  book.store.setRest(channel.channelId, next.held, next.restUntil);
  if (next.restUntil > 0) book.deadlines.set(`rest:${channel.channelId}`, next.restUntil);
  book.use(channel.channelId, 'idle', {});
  book.reconsider(channel.channelId);
}
