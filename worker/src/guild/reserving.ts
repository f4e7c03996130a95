/** Legs that sessions lease in this server: whether a channel may be used now, and what its leg is told. Inside a transaction. */
import type { LegSpec, RelaySide } from '@patchbay/shared/session-spec';
import type { GuildBook } from './book.ts';
import { lendCaptions, type SideCaptions } from './captions/sides.ts';
import { holders, isIdentityFree, type LegLease, lease } from './leases.ts';
import { allowsMonitors } from './monitors.ts';
import { type GuildPrivacy, lendPrivacy } from './privacy.ts';
import { relaySide } from './relay.ts';

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
