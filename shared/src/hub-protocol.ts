/** The hub protocol, browser ↔ Worker, version 1: `GET /api/ws?guild=ID`, JSON text frames. */
import { z } from 'zod';
import { MAX_TOKEN_LENGTH } from './sign-in.ts';

/** Why the hub closed a socket. */
export const hubCloseCodes = {
  tokenRefused: 4001,
  notYourGuild: 4003,
  tooFarBehind: 4008,
  noAuth: 4009,
  /** Who may see what cannot be told now, or the hub is full: connect again later. */
  tryLater: 4013,
  tooFast: 4029,
} as const;

/** A socket that has not authenticated after this time is closed with 4009. */
export const AUTH_DEADLINE_MS = 5_000;

/** `epoch` is opaque: it changes with the guild's count of events and with what the user may see. */
const since = z.strictObject({ epoch: z.string().max(64), seq: z.int().nonnegative() });

export const clientMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    v: z.literal(1),
    type: z.literal('auth'),
    token: z.string().max(MAX_TOKEN_LENGTH),
    since: since.optional(),
  }),
  z.strictObject({ v: z.literal(1), type: z.literal('ack'), n: z.int().nonnegative() }),
]);
export type ClientMessage = z.infer<typeof clientMessageSchema>;

/** Who is where in one guild: the first thing after `auth.ok`, and after a `resync`. */
export interface PresenceSnapshot {
  guildId: string;
  guildName: string;
  channels: { channelId: string; name: string; configured: boolean; state: ChannelState }[];
  members: {
    userId: string;
    channelId: string;
    displayName: string;
    bot: boolean;
    selfMute: boolean;
    selfDeaf: boolean;
    /** Muted or deafened by a moderator; absent = no. */
    serverMute?: boolean | undefined;
    serverDeaf?: boolean | undefined;
  }[];
  sessions: SessionView[];
  /** What was said in the last minutes of running sessions, in the order of its time, and how their captioning stands. Absent: nothing. */
  captions?: { finals: HubEvents['caption.final'][]; states: HubEvents['caption.state'][] };
}

/** What a channel is doing: nothing, waiting for a partner, or in a session. */
export type ChannelState =
  | { kind: 'idle' }
  | { kind: 'waiting'; ticketId: string; since: number }
  | { kind: 'session'; sessionId: string };

/** A session as the people of one guild may see it. */
export interface SessionView {
  sessionId: string;
  mode: string;
  state: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
  endReason?: string;
  /** Why it ended, in words for this guild's people. */
  endMessage?: string;
  /** When the time limit ends it, in ms since the epoch; absent without a limit. */
  endsAt?: number;
  /** Own channels with their ids; the other guilds by name only. Monitors are legs like all others: never hidden. */
  legs: {
    guildName: string;
    own: boolean;
    channelId?: string;
    state: string;
    daveVersion?: number;
    /** `party`, `staff`, or `monitor`, which hears and is heard by nobody. */
    role?: string;
    held?: boolean;
  }[];
  /** `true`: a channel of this guild may listen in now. */
  openToMonitors?: boolean;
  recording: boolean;
  /** Reports of this call can seal its last ten seconds; absent where they cannot. */
  sealable?: {
    /** This guild's people are among those who are sealed. */
    own: boolean;
    /** When a report sealed ten seconds last, in ms since the epoch. */
    sealedAt?: number;
  };
  /** Names of stored objects with their size in bytes. */
  stored: { userId: string; key: string; bytes: number }[];
  /** The session is there for its captions alone. */
  purpose?: 'captions';
}

/** A part of what somebody said. Times in ms from the session's time zero. */
export interface CaptionView {
  guildId: string;
  sessionId: string;
  /** Where it can be heard: for words of another side of a call the own channel. */
  channelId: string;
  /** `0` for somebody of another side. */
  userId: string;
  captionId: string;
  text: string;
  startMs: number;
  /** How the speaker is called, where that is known: people may have left by now. */
  name?: string;
  /** The server of somebody of another side. */
  guildName?: string;
}

/** The payload of each event that the hub sends. */
export interface HubEvents {
  'presence.snapshot': PresenceSnapshot;
  'voice.joined': { guildId: string; member: PresenceSnapshot['members'][number] };
  'voice.moved': { guildId: string; previousChannelId: string; member: PresenceSnapshot['members'][number] };
  'voice.left': {
    guildId: string;
    channelId: null;
    previousChannelId: string;
    userId: string;
    cause: { kind: string; certainty: number };
  };
  /** What only time or the audit log could tell: refines the event with the id `of`, a `voice.left` or a `voice.moved`. */
  'voice.cause': {
    guildId: string;
    channelId: string | null;
    previousChannelId: string;
    userId: string;
    of: string;
    cause: { kind: string; certainty: number };
  };
  'voice.flags': { guildId: string; member: PresenceSnapshot['members'][number] };
  'voice.speaking': { guildId: string; channelId: string; userId: string; speaking: boolean };
  'channel.state': { guildId: string; channelId: string; configured: boolean; state: ChannelState };
  'session.state': { guildId: string; session: SessionView };
  /** Ephemeral: what is live in a call, for the channels of this guild. */
  'session.stats': {
    guildId: string;
    sessionId: string;
    /** Own channels. `delayMs`: how long the voices that are heard there are held up by us, the median of the last seconds. */
    legs: { channelId: string; delayMs?: number }[];
    /** Since the call began, on all legs: packets that came too late, and frames that stood for lost ones in mixes. */
    late: number;
    concealed: number;
  };
  /** Ephemeral: how far the storing or making of a recording is. */
  'recording.progress': { guildId: string; sessionId: string; stage: string; percent: number };
  /** Something keeps a running recording from being whole, or does no longer. */
  'recording.coverage': {
    guildId: string;
    sessionId: string;
    code: string;
    userId?: string;
    state: 'begun' | 'over';
    message: string;
  };
  /** Ephemeral: what somebody says, as understood so far. The final has the same `captionId`. */
  'caption.partial': CaptionView;
  'caption.final': CaptionView & { endMs: number; language: string };
  /** How captioning stands in a channel. */
  'caption.state': {
    guildId: string;
    sessionId: string;
    channelId: string;
    state: string;
    code: string;
    message: string;
  };
  /** The session's time limit is near. */
  'session.warning': { guildId: string; sessionId: string; secondsLeft: number };
}
export type HubEventName = keyof HubEvents;

/**
 * One event. `seq` grows, with gaps: what the user may not see is left out. `at`: when it happened, for `voice.*` by the voice node's
 * clock. Ephemeral ones (`voice.speaking`, `session.stats`) carry the sequence of the last durable event and are not replayed.
 */
export interface HubEvent<N extends HubEventName = HubEventName> {
  v: 1;
  type: 'event';
  event: N;
  id: string;
  seq: number;
  at: number;
  payload: HubEvents[N];
}

export type ServerMessage =
  | { v: 1; type: 'ack'; event: 'auth.ok'; epoch: string; seq: number }
  | { [N in HubEventName]: HubEvent<N> }[HubEventName]
  /** What was missed cannot be replayed, or other channels may be seen now: a fresh snapshot follows. */
  | { v: 1; type: 'event'; event: 'resync'; epoch: string; seq: number }
  | { v: 1; type: 'probe'; n: number }
  | { v: 1; type: 'error'; code: string; message: string };
