import type { EndReason } from '@patchbay/shared/end-reason';
import type { SessionView } from '@patchbay/shared/hub-protocol';
import type { GuildBook } from './book.ts';
import { afterSession } from './channel-policy.ts';
import { giveBack, lease } from './leases.ts';

/** Ended sessions that the page still shows. */
const ENDED_KEPT = 5;

export interface ReserveRequest {
  sessionId: string;
  channelId: string;
  ticketId: string;
  nodeId: string;
}
export type ReserveAnswer =
  | { ok: true; legId: string; identityId: string; guildName: string; record: boolean }
  /** `gone`: the ticket is no longer wanted; otherwise the side cannot start now. */
  | { ok: false; code: string; gone: boolean };

/** Leases a leg for a session whose ticket waits here. Idempotent. */
export function reserve(book: GuildBook, request: ReserveRequest): ReserveAnswer {
  const channel = book.store.channel(request.channelId);
  if (!channel) return { ok: false, code: 'channel_gone', gone: true };
  const mine = channel.use === 'session' && channel.sessionId === request.sessionId;
  const waiting = channel.use === 'waiting' && channel.ticketId === request.ticketId;
  if (!mine && !waiting) return { ok: false, code: 'ticket_withdrawn', gone: true };
  const leg = lease(book.store, request);
  if (!leg) return { ok: false, code: 'no_identity', gone: false };
  if (waiting) {
    book.use(channel.channelId, 'session', { ticketId: request.ticketId, sessionId: request.sessionId });
  }
  return { ok: true, ...leg, guildName: book.name, record: channel.record };
}

/** A session was given up before it was placed: its channel waits again with its old ticket, unless it stopped it itself. */
export function release(book: GuildBook, sessionId: string, stoppedHere: boolean): void {
  giveBack(book.store, sessionId);
  for (const channel of book.store.channels()) {
    if (channel.sessionId !== sessionId) continue;
    if (stoppedHere) book.store.setRest(channel.channelId, true, 0);
    if (stoppedHere) book.use(channel.channelId, 'idle', {});
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
    if (channel.sessionId !== sessionId) continue;
    const next = afterSession({ setting: channel.after, ...end }, rest, Date.now());
    book.store.setRest(channel.channelId, next.held, next.restUntil);
    if (next.restUntil > 0) book.deadlines.set(`rest:${channel.channelId}`, next.restUntil);
    book.use(channel.channelId, 'idle', {});
    book.reconsider(channel.channelId);
  }
}
