/**
 * What the hub sends (protocol version 1, docs/protocol.md). This package stands alone on npm, so it carries its own types;
 * `contract.ts` holds them to `shared/`. A newer hub may send names and fields that are not here: they are left alone.
 */

/** Somebody in a voice channel. Ids are Discord's. */
export interface VoiceMember {
  userId: string;
  channelId: string;
  /** The name as shown in the server. */
  displayName: string;
  bot: boolean;
  selfMute: boolean;
  selfDeaf: boolean;
}

/** What a channel is doing: nothing, waiting for a partner, or in a session. */
export type ChannelState =
  | { kind: 'idle' }
  | { kind: 'waiting'; ticketId: string; since: number }
  | { kind: 'session'; sessionId: string };

export interface VoiceChannel {
  channelId: string;
  name: string;
  configured: boolean;
  state: ChannelState;
}

/** A call or a recording, as the people of one server may see it. Times are milliseconds since the epoch. */
export interface SessionView {
  sessionId: string;
  mode: string;
  state: string;
  startedAt: number;
  endReason?: string;
  endMessage?: string;
  endsAt?: number;
  legs: {
    guildName: string;
    own: boolean;
    channelId?: string;
    state: string;
    daveVersion?: number;
    role?: string;
    held?: boolean;
  }[];
  recording: boolean;
  /** Names of stored objects with their size in bytes. */
  stored: { userId: string; key: string; bytes: number }[];
}

/** Why somebody left, and how sure that is: 1 is known, 0 a guess. */
export interface LeaveCause {
  kind:
    | 'left'
    | 'moderator'
    | 'moved'
    | 'channel_deleted'
    | 'session_replaced'
    | 'network'
    | 'unknown'
    | (string & Record<never, never>);
  certainty: number;
}

/** What is live in a call, for the channels of this server. */
export interface SessionStats {
  guildId: string;
  sessionId: string;
  /** Own channels. `delayMs`: how long the voices that are heard there are held up on the way. */
  legs: { channelId: string; delayMs?: number }[];
  /** Packets that came too late, and frames that stood for lost ones, since the call began. */
  late: number;
  concealed: number;
}

/** Spoken words; a partial is replaced by the next one of the same person, and at last by a final. */
export interface Caption {
  guildId: string;
  userId: string;
  text: string;
  sessionId?: string;
  channelId?: string;
  /** Names the utterance, where the hub numbers them. */
  captionId?: string;
  /** ms from the session's beginning. */
  startMs?: number;
  /** How the speaker is called, and (of another side of a call, where `userId` is `0`) their server. */
  name?: string;
  guildName?: string;
}

/** How captioning of a channel stands: `on`, `delayed`, `broken` or `off`, and a sentence that says why. */
export interface CaptionState {
  guildId: string;
  sessionId: string;
  channelId: string;
  state: string;
  code: string;
  message: string;
}

/** The payload of each event. */
export interface VoiceEvents {
  'presence.snapshot': {
    guildId: string;
    guildName: string;
    channels: VoiceChannel[];
    members: VoiceMember[];
    sessions: SessionView[];
    /** What was said in the last minutes of running sessions, and how their captioning stands. */
    captions?: { finals: Caption[]; states: CaptionState[] };
  };
  'voice.joined': { guildId: string; member: VoiceMember };
  'voice.moved': { guildId: string; previousChannelId: string; member: VoiceMember };
  'voice.left': {
    guildId: string;
    channelId: null;
    previousChannelId: string;
    userId: string;
    cause: LeaveCause;
  };
  /** What was found out later about a `voice.left`. */
  'voice.cause': { guildId: string; userId: string; cause: LeaveCause };
  'voice.flags': { guildId: string; member: VoiceMember };
  'voice.speaking': { guildId: string; channelId: string; userId: string; speaking: boolean };
  'channel.state': { guildId: string; channelId: string; configured: boolean; state: ChannelState };
  'session.state': { guildId: string; session: SessionView };
  'session.stats': SessionStats;
  /** The session's time limit is near. */
  'session.warning': { guildId: string; sessionId: string; secondsLeft: number };
  'caption.partial': Caption;
  'caption.final': Caption;
  'caption.state': CaptionState;
}
export type VoiceEventName = keyof VoiceEvents;

/** One event. */
export interface VoiceEvent<N extends VoiceEventName = VoiceEventName> {
  event: N;
  /** Delivered once; made up by the client for derived events. */
  id: string;
  /** Grows by one per server. */
  seq: number;
  /** When it happened, in ms since the epoch; for a derived event when the snapshot was made. */
  at: number;
  payload: VoiceEvents[N];
  /** The event itself was missed: the client saw the difference between two snapshots. */
  derived?: true;
}

/** Any event, its payload bound to its name. */
export type AnyVoiceEvent = { [N in VoiceEventName]: VoiceEvent<N> }[VoiceEventName];

/** What the hub says beside events. */
export interface ServerMessage {
  type?: string;
  event?: string;
  id?: string;
  seq?: number;
  epoch?: string;
  n?: number;
  code?: string;
  message?: string;
}
