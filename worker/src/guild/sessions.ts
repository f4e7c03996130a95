import type { EndReason } from '@patchbay/shared/end-reason';
import type { SessionView } from '@patchbay/shared/hub-protocol';
import type { LegSpec, RelaySide } from '@patchbay/shared/session-spec';
import type { GuildBook } from './book.ts';
import type { Call } from './calls.ts';
import { notice } from './captions/events.ts';
import { lendCaptions, type SideCaptions } from './captions/sides.ts';
import {
  afterListening,
  afterSession,
  failedToStart,
  type Hold,
  type Intent,
  opensToMonitors,
} from './channel-policy.ts';
import { giveBack, holders, isIdentityFree, type LegLease, lease } from './leases.ts';
import { allowsMonitors, wakeMonitors } from './monitors.ts';
import { noteEnd, refreshPanel } from './panels.ts';
import { type GuildPrivacy, lendPrivacy } from './privacy.ts';
import { recordingOver } from './record.ts';
import { recordedOver } from './recorded.ts';
import { relaySide } from './relay.ts';

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
  /** With role `recorder`: what the session is there for, where that is no recording. */
  purpose?: 'captions';
}
export type ReserveAnswer =
  | {
      ok: true;
      legId: string;
      identityId: string;
      guildName: string;
      record: boolean;
      /** Of the node's own words to this side's people. */
      language: 'en' | 'it';
      /** What this side allows, in seconds; `seconds` 0 = until nobody is left, `null` = as the deployment sets it. */
      limits: { seconds: number | null; warnSeconds: number | null };
      allowMonitors: boolean;
      /** How this side takes part in the text relay; `null`: not at all. */
      relay: RelaySide | null;
      privacy: GuildPrivacy;
      captions: SideCaptions;
      anonymous: boolean;
    }
  /** `gone`: the ticket is no longer wanted; otherwise the side cannot start now. `message` is for people. */
  | { ok: false; code: string; message: string; gone: boolean };

/** Why a session cannot use a channel now. */
export interface Obstacle {
  code: string;
  /** Says what to do. */
  message: string;
}

const recordingOff = (name: string): Obstacle => ({
  code: 'recording_off',
  message: `${name} is not set up to be recorded. Its moderators can: /setup channel record:true.`,
});

const gone = (code: string, message: string): ReserveAnswer => ({ ok: false, code, message, gone: true });

/** For operators and the log; people get the code, with the holders, in their own language. */
function noIdentity(book: GuildBook): string {
  const taken = holders(book.store).map(({ channelId, purpose }) => {
    return `${book.store.channel(channelId)?.name ?? channelId} (${purpose})`;
  });
  if (taken.length === 0) return 'No bot account of this server is on that voice node.';
  return `Every bot account of this server is in a voice channel: ${taken.join(', ')}. End one, or add an account.`;
}

/** What the leg of a channel is told of its guild's settings. */
function reserved(book: GuildBook, request: ReserveRequest, leg: LegLease): Extract<ReserveAnswer, { ok: true }> {
  const settings = book.settingsOf(request.channelId);
  return {
    ok: true,
    ...leg,
    guildName: settings.anonymous ? ANONYMOUS : book.name,
    record: settings.record,
    language: settings.language === 'it' ? 'it' : 'en',
    limits: { seconds: settings.limitSeconds, warnSeconds: settings.warnSeconds },
    allowMonitors: allowsMonitors(book.store),
    anonymous: settings.anonymous,
    relay: relaySide(settings),
    privacy: lendPrivacy(book),
    captions: lendCaptions(book, request),
  };
}

/**
 * Leases a leg for a recording. It may share the leg of a call, takes no ticket, and leaves the channel to what it is used for. What
 * limits the calls of the channel does not limit it.
 */
function reserveRecording(book: GuildBook, request: ReserveRequest, name: string): ReserveAnswer {
  const { channelId } = request;
  // Asked for by its people or by a rule of the server, or allowed by the channel's setting.
  const asked = book.records.of(channelId)?.sessionId === request.sessionId;
  const captions = request.purpose === 'captions';
  if (!captions && !asked && !book.settingsOf(channelId).record) {
    return { ...recordingOff(name), ok: false, gone: true };
  }
  const known = lease(book.store, request);
  if (!known) return { ok: false, code: 'no_identity', message: noIdentity(book), gone: false };
  // A channel that waits for the bot account must hear that it is taken.
  book.reconsiderAll();
  return {
    ...reserved(book, request, known),
    ...(captions ? {} : { record: true }),
    limits: { seconds: 0, warnSeconds: 0 },
  };
}

/** Leases a leg for a session whose ticket waits here, or for a channel that joins one. Idempotent. */
export function reserve(book: GuildBook, request: ReserveRequest): ReserveAnswer {
  const { sessionId, ticketId, channelId } = request;
  const channel = book.store.channel(channelId);
  if (!channel) return gone('channel_gone', 'That voice channel does not exist any more.');
  if (request.role === 'recorder') return reserveRecording(book, request, channel.name);
  const mine = channel.use === 'session' && channel.sessionId === sessionId;
  const waiting = ticketId !== null && channel.use === 'waiting' && channel.ticketId === ticketId;
  const named = ticketId === null && channel.use !== 'session';
  if (!mine && !waiting && !named) {
    return ticketId === null
      ? gone('channel_busy', `${channel.name} is in a call. Choose another channel, or end that call first.`)
      : gone('ticket_withdrawn', 'The channel has left the queue.');
  }
  const listens = request.role === 'monitor';
  if (listens && channel.hold !== 'none' && book.isMonitor(channelId)) {
    return gone('monitor_rests', `${channel.name} was told to rest until its people have left.`);
  }
  const leg = lease(book.store, request);
  if (!leg) {
    // An identity that serves another channel is no fault; a node without any of this server is.
    if (holders(book.store).length === 0) book.noteStart(true);
    return { ok: false, code: 'no_identity', message: noIdentity(book), gone: false };
  }
  if (!mine) {
    if (named && channel.use === 'waiting') book.withdraw(channelId, channel.ticketId ?? '');
    book.calls.begin(sessionId, channelId, request.partners ?? [], Date.now());
    if (listens) book.listeners.begin(channelId, sessionId);
    book.use(channelId, 'session', { ticketId, sessionId });
    book.reconsiderAll();
    // Those who wished to listen may have left while the session was asked: it hears of it as of every later leaving.
    if (listens && book.isMonitor(channelId)) book.reconsider(channelId);
  }
  return reserved(book, request, leg);
}

/** Why an operator's session would find no leg in a channel as things stand; `null`: it may be tried. */
export function obstacle(book: GuildBook, channelId: string, role: ReserveRequest['role']): Obstacle | null {
  const channel = book.store.channel(channelId);
  if (!channel) {
    return { code: 'channel_unknown', message: `The bot sees no voice channel ${channelId} in guild ${book.id}.` };
  }
  if (role !== 'recorder' && channel.use === 'session') {
    return { code: 'channel_busy', message: `${channel.name} is in a call. Choose another channel, or end that call.` };
  }
  if (role === 'recorder' && !book.settingsOf(channelId).record) return recordingOff(channel.name);
  return isIdentityFree(book.store, channelId) ? null : { code: 'no_identity', message: noIdentity(book) };
}

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
