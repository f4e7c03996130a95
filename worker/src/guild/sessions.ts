import type { EndReason } from '@patchbay/shared/end-reason';
import type { SessionView } from '@patchbay/shared/hub-protocol';
import type { LegSpec } from '@patchbay/shared/session-spec';
import type { GuildBook } from './book.ts';
import type { Call } from './calls.ts';
import { afterSession, failedToStart, type Hold, type Intent } from './channel-policy.ts';
import { giveBack, holders, lease } from './leases.ts';
import { allowsMonitors } from './monitors.ts';
import { noteEnd, refreshPanel } from './panels.ts';

/** Ended sessions that the page still shows. */
const ENDED_KEPT = 5;

/** How a server that is set up as anonymous is named to the other side. */
export const ANONYMOUS = 'Another server';

export interface ReserveRequest {
  sessionId: string;
  channelId: string;
  /** `null`: the channel is named directly, and leaves the queue for it. */
  ticketId: string | null;
  nodeId: string;
  /** The servers on the other sides. */
  partners?: string[];
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
      /** What this side allows, in seconds; `seconds` 0 = until nobody is left, `null` = as the deployment sets it. */
      limits: { seconds: number | null; warnSeconds: number | null };
      allowMonitors: boolean;
    }
  /** `gone`: the ticket is no longer wanted; otherwise the side cannot start now. `message` is for people. */
  | { ok: false; code: string; message: string; gone: boolean };

const gone = (code: string, message: string): ReserveAnswer => ({ ok: false, code, message, gone: true });

/** For operators and the log; people get the code, with the holders, in their own language. */
function noIdentity(book: GuildBook): string {
  const taken = holders(book.store).map(({ channelId, purpose }) => {
    return `${book.store.channel(channelId)?.name ?? channelId} (${purpose})`;
  });
  if (taken.length === 0) return 'No bot account of this server is on that voice node.';
  return `Every bot account of this server is in a voice channel: ${taken.join(', ')}. End one, or add an account.`;
}

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
    // An identity that serves another channel is no fault; a node without any of this server is.
    if (holders(book.store).length === 0) book.noteStart(true);
    return { ok: false, code: 'no_identity', message: noIdentity(book), gone: false };
  }
  const settings = book.settingsOf(channelId);
  if (!mine) {
    if (named && channel.use === 'waiting') book.withdraw(channelId, channel.ticketId ?? '');
    book.calls.begin(sessionId, channelId, request.partners ?? [], Date.now());
    book.use(channelId, 'session', { ticketId, sessionId });
    book.reconsiderAll();
  }
  return {
    ok: true,
    ...leg,
    guildName: settings.anonymous ? ANONYMOUS : book.name,
    record: settings.record,
    limits: { seconds: settings.limitSeconds, warnSeconds: settings.warnSeconds },
    allowMonitors: allowsMonitors(book.store),
  };
}

/**
 * A session was given up before it was placed: its channel waits again with its old ticket. One whose own people stopped it
 * does what they asked for; another channel of the same server then queues anew, since the matchmaker dropped its ticket too.
 */
export function release(book: GuildBook, sessionId: string, stoppedHere: boolean): void {
  giveBack(book.store, sessionId);
  const calls = book.calls.ofSession(sessionId);
  for (const channel of book.store.channels()) {
    if (channel.sessionId !== sessionId) continue;
    const { channelId, ticketId, since } = channel;
    const intent = intentOf(calls, channelId, stoppedHere);
    if (intent) {
      settle(
        book,
        channelId,
        afterSession({ setting: 'requeue', reason: 'command', intent }, book.rules(), Date.now()),
      );
    } else if (stoppedHere) {
      book.enqueue(channelId, since);
    } else if (ticketId === null) {
      // Named directly: there was no queue to go back to.
      book.use(channelId, 'idle', {});
    } else {
      book.use(channelId, 'waiting', { ticketId });
      book.refreshTicket(channelId);
    }
  }
  book.reconsiderAll();
}

/** What the people of a channel asked for; a stop that names nobody is everybody's on that side. */
function intentOf(calls: readonly Call[], channelId: string, stoppedHere: boolean): Intent | null {
  const own = calls.find((call) => call.channelId === channelId)?.intent ?? null;
  if (own || !stoppedHere) return own;
  return calls.some((call) => call.intent) ? null : 'stop';
}

/** The channel of an ended session is free again: it holds, rests or queues. */
function settle(book: GuildBook, channelId: string, next: { hold: Hold; restUntil: number }): void {
  book.use(channelId, 'idle', {});
  book.store.setRest(channelId, next.hold, next.restUntil);
  if (next.restUntil > 0) book.deadlines.set(`rest:${channelId}`, next.restUntil);
  book.reconsider(channelId);
}

/** Notes what a session says of this server's calls: who is on the other side, and that the own leg is connected. */
function noteView(book: GuildBook, view: SessionView): void {
  const others = view.legs.filter((leg) => !leg.own);
  for (const call of book.calls.ofSession(view.sessionId)) {
    const leg = view.legs.find((each) => each.channelId === call.channelId);
    const connected = call.connected || leg?.state === 'active' || leg?.state === 'degraded';
    const partners = call.partners.map((partner, index) => ({ ...partner, name: others[index]?.guildName ?? '' }));
    book.calls.update({ ...call, partners, connected });
    if (connected && !call.connected) book.noteStart(false);
  }
}

/** The newest view of a session that has a leg here. */
export function sessionChanged(book: GuildBook, view: SessionView): void {
  const { sql } = book.store;
  noteView(book, view);
  const body = JSON.stringify(view);
  const known = sql.exec('SELECT 1 FROM sessions WHERE session_id = ? AND view = ?', view.sessionId, body).toArray();
  if (known.length > 0) return;
  sql.exec('INSERT OR REPLACE INTO sessions(session_id, view) VALUES (?, ?)', view.sessionId, body);
  sql.exec(
    `DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions WHERE view ->> 'state' = 'ended'
      ORDER BY session_id DESC LIMIT -1 OFFSET ?)`,
    ENDED_KEPT,
  );
  sql.exec('DELETE FROM session_channels WHERE session_id NOT IN (SELECT session_id FROM sessions)');
  for (const { channelId } of view.legs) if (channelId) book.store.noteSessionChannel(view.sessionId, channelId);
  const audience = book.store.channelsOfSession(view.sessionId);
  book.emit('session.state', { guildId: book.id, session: view }, { audience });
  for (const channel of book.store.channels()) {
    if (channel.sessionId === view.sessionId) refreshPanel(book, channel.channelId);
  }
}

/** A session is over: gives its legs back and does with each channel what its people or its setting say. Idempotent. */
export function sessionOver(
  book: GuildBook,
  sessionId: string,
  end: { reason: EndReason; stoppedHere: boolean },
): void {
  giveBack(book.store, sessionId);
  for (const channel of book.store.channels()) {
    if (channel.sessionId === sessionId) channelOver(book, channel.channelId, { sessionId, ...end });
  }
  // Its identities are free again: another channel may have waited for one.
  book.reconsiderAll();
}

/** One leg of a session is over while the others go on: its channel is free. Idempotent. */
export function legOver(
  book: GuildBook,
  at: { sessionId: string; channelId: string },
  end: { reason: EndReason; stoppedHere: boolean },
): void {
  const { sessionId, channelId } = at;
  giveBack(book.store, sessionId, channelId);
  if (book.store.channel(channelId)?.sessionId === sessionId) channelOver(book, channelId, { sessionId, ...end });
  book.reconsiderAll();
}

/** Notes how the call of a channel ended, and does with the channel what its people or its setting say. */
function channelOver(
  book: GuildBook,
  channelId: string,
  end: { sessionId: string; reason: EndReason; stoppedHere: boolean },
): void {
  const { sessionId, reason, stoppedHere } = end;
  const calls = book.calls.ofSession(sessionId);
  const connected = calls.find((call) => call.channelId === channelId)?.connected ?? true;
  const view = book.views().find((each) => each.sessionId === sessionId);
  if (view && connected) noteEnd(book, channelId, reason, Math.max(0, Date.now() - view.startedAt));
  // Counted before the channel is free: a server that pauses now does not queue it for a moment.
  if (failedToStart(reason, connected)) book.noteStart(true);
  const { cooldownMs, faultMs } = book.rules();
  const { after, cooldownSeconds } = book.settingsOf(channelId);
  const rest = { faultMs, cooldownMs: cooldownSeconds === null ? cooldownMs : cooldownSeconds * 1000 };
  const intent = intentOf(calls, channelId, stoppedHere);
  settle(book, channelId, afterSession({ setting: after, reason, intent }, rest, Date.now()));
}
