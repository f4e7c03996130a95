/** What becomes of the channels of this server when a session changes or is over. Inside a transaction. */
import type { EndReason } from '@patchbay/shared/end-reason';
import type { SessionView } from '@patchbay/shared/hub-protocol';
import type { GuildBook } from './book.ts';
import type { Call } from './calls.ts';
import { notice } from './captions/events.ts';
import {
  afterListening,
  afterSession,
  failedToStart,
  type Hold,
  type Intent,
  opensToMonitors,
} from './channel-policy.ts';
import { giveBack } from './leases.ts';
import { wakeMonitors } from './monitors.ts';
import { noteEnd, refreshPanel } from './panels.ts';
import { recordingOver } from './record.ts';
import { recordedOver } from './recorded.ts';

/** Ended sessions that the page still shows. */
const ENDED_KEPT = 5;

/**
 * A session was given up before it was placed: its channel waits again with its old ticket. One whose own people stopped it
 * does what they asked for; another channel of the same server then queues anew, since the matchmaker dropped its ticket too.
 * `unserved`: channels for which there was no bot account; their people are told so while they wait for the next try.
 */
export function release(
  book: GuildBook,
  { sessionId, unserved, reason }: { sessionId: string; unserved: readonly string[]; reason: EndReason },
  stoppedHere: boolean,
): void {
  giveBack(book.store, sessionId);
  recordingOver(book, sessionId, reason);
  book.captions.drop(sessionId);
  for (const channelId of unserved) {
    noteEnd(book, channelId, 'no_identity', 0);
    refreshPanel(book, channelId);
  }
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
    if (connected && !call.connected && !book.listeners.has(call.channelId, view.sessionId)) book.noteStart(false);
  }
}

/** The newest view of a session that has a leg here. */
export function sessionChanged(book: GuildBook, view: SessionView): void {
  const { sql } = book.store;
  noteView(book, view);
  const body = JSON.stringify(view);
  const [known] = sql
    .exec<{ view: string }>('SELECT view FROM sessions WHERE session_id = ?', view.sessionId)
    .toArray();
  if (known?.view === body) return;
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
  notice(book, view.sessionId);
  for (const channel of book.store.channels()) {
    const shows =
      channel.sessionId === view.sessionId || book.records.of(channel.channelId)?.sessionId === view.sessionId;
    if (shows) refreshPanel(book, channel.channelId);
  }
  if (opensToMonitors(known ? (JSON.parse(known.view) as SessionView) : undefined, view)) wakeMonitors(book);
}

/** A session is over: gives its legs back and does with each channel what its people or its setting say. Idempotent. */
export function sessionOver(
  book: GuildBook,
  sessionId: string,
  end: { reason: EndReason; stoppedHere: boolean },
): void {
  giveBack(book.store, sessionId);
  recordedOver(book, sessionId);
  recordingOver(book, sessionId, end.reason);
  book.captions.drop(sessionId);
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
  recordedOver(book, sessionId, channelId);
  recordingOver(book, sessionId, end.reason, channelId);
  book.captions.drop(sessionId, channelId);
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
  const { cooldownMs, faultMs } = book.rules();
  const listened = book.listeners.end(channelId, sessionId);
  if (listened && book.isMonitor(channelId)) {
    const intent = intentOf(calls, channelId, stoppedHere);
    settle(book, channelId, afterListening({ reason, intent }, faultMs, Date.now()));
    return;
  }
  // Counted before the channel is free: a server that pauses now does not queue it for a moment.
  if (!listened && failedToStart(reason, connected)) book.noteStart(true);
  const { after, cooldownSeconds } = book.settingsOf(channelId);
  const rest = { faultMs, cooldownMs: cooldownSeconds === null ? cooldownMs : cooldownSeconds * 1000 };
  const intent = intentOf(calls, channelId, stoppedHere);
  settle(book, channelId, afterSession({ setting: after, reason, intent }, rest, Date.now()));
}
