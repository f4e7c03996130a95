/**
 * Durable events, voice node → Worker: `POST /api/internal/events`, ordered per guild, kept in the node's outbox until
 * accepted. The Worker keeps a watermark per (node, stream, guild): the effect of each event happens exactly once.
 */
import { z } from 'zod';
import { endReasonSchema } from './end-reason.ts';
import { instant, nodeIdSchema, snowflake, ulidSchema } from './ids.ts';
import { MAX_SEALED_OBJECTS } from './sealed-report.ts';

const envelope = {
  id: ulidSchema,
  /** When it happened, on the node's clock; milliseconds since the epoch. */
  at: instant,
  nodeId: nodeIdSchema,
  /** Grows by one per (stream, guild), from 1. */
  seq: z.int().positive(),
  guildId: snowflake,
};

/** Who is in a voice channel. `bot` people never make a ticket and never keep a call alive. */
export const voiceMemberSchema = z.strictObject({
  userId: snowflake,
  channelId: snowflake,
  bot: z.boolean(),
  /** Name as shown in the guild. */
  displayName: z.string().max(128),
  selfMute: z.boolean(),
  selfDeaf: z.boolean(),
  /** Muted or deafened by a moderator; absent = no. */
  serverMute: z.boolean().optional(),
  serverDeaf: z.boolean().optional(),
});
export type VoiceMember = z.infer<typeof voiceMemberSchema>;

const bitField = z.string().regex(/^\d{1,20}$/, 'must be a bit field in decimal');
const overwriteSchema = z.strictObject({
  id: snowflake,
  type: z.enum(['role', 'member']),
  allow: bitField,
  deny: bitField,
});

/** What decides, with the channels' overwrites, who may see what. Bits that Patchbay does not decide by are left out. */
const accessSchema = z.strictObject({
  ownerId: snowflake,
  /** Everybody's role has the guild's id. */
  roles: z.array(z.strictObject({ roleId: snowflake, permissions: bitField })).max(1_000),
  /** Changes of members' roles, and members who leave, are reported too: the identity has the privileged intent. */
  membersReported: z.boolean(),
});

const voiceChannelSchema = z.strictObject({
  channelId: snowflake,
  name: z.string().max(128),
  /** Marked as age-restricted in Discord; absent = no. */
  ageRestricted: z.boolean().optional(),
  /** Permissions that the reporting identity lacks in the channel and a call needs, by Discord's names; absent = not known. */
  missing: z.array(z.string().max(64)).max(64).optional(),
  /** Its permission overwrites, as far as they decide who sees it; absent = not known: nobody but administrators sees it. */
  overwrites: z.array(overwriteSchema).optional(),
  /** The category that it lies in; absent = in none, or not known. */
  parentId: snowflake.optional(),
});
export type VoiceChannel = z.infer<typeof voiceChannelSchema>;

/** Everything the gateway knows of a guild's voice channels at one instant; replaces the earlier picture. */
const voiceSnapshot = z.strictObject({
  ...envelope,
  type: z.literal('voice.snapshot'),
  guildName: z.string().max(128),
  /** The identity whose gateway saw it: this identity is a member of the guild. */
  identityId: snowflake,
  channels: z.array(voiceChannelSchema),
  members: z.array(voiceMemberSchema),
  /** Absent = as before; what was never told is nobody's to see. */
  access: accessSchema.optional(),
});
const voiceJoined = z.strictObject({ ...envelope, type: z.literal('voice.joined'), member: voiceMemberSchema });
const voiceMoved = z.strictObject({
  ...envelope,
  type: z.literal('voice.moved'),
  member: voiceMemberSchema,
  previousChannelId: snowflake,
});
/**
 * Why somebody left voice. `certainty` 1 = known, 0 = not known. `left`: by themselves; `moderator`: disconnected, moved, kicked or
 * banned; `session_replaced`: they joined elsewhere or with another device; `network`: they came back within the grace.
 */
export const leaveCauseSchema = z.strictObject({
  kind: z.enum(['left', 'moderator', 'channel_deleted', 'session_replaced', 'network', 'unknown']),
  certainty: z.number().min(0).max(1),
});
const voiceLeft = z.strictObject({
  ...envelope,
  type: z.literal('voice.left'),
  userId: snowflake,
  previousChannelId: snowflake,
  bot: z.boolean(),
  cause: leaveCauseSchema,
});
/** What only time or the audit log could tell of a leave, or of a move. */
const voiceCause = z.strictObject({
  ...envelope,
  type: z.literal('voice.cause'),
  userId: snowflake,
  previousChannelId: snowflake,
  /** Where they were moved; null = they left. */
  channelId: snowflake.nullable(),
  /** When they left or were moved: `at` of that event. */
  since: instant,
  cause: leaveCauseSchema,
});
/** A member's roles are different now. Only with the privileged intent. */
const memberRoles = z.strictObject({
  ...envelope,
  type: z.literal('member.roles'),
  userId: snowflake,
  roles: z.array(snowflake).max(1_000),
});
/** Somebody is no member any more. Only with the privileged intent. */
const memberRemoved = z.strictObject({ ...envelope, type: z.literal('member.removed'), userId: snowflake });
const voiceFlags = z.strictObject({ ...envelope, type: z.literal('voice.flags'), member: voiceMemberSchema });
const channelCreated = z.strictObject({ ...envelope, type: z.literal('channel.created'), channel: voiceChannelSchema });
const channelDeleted = z.strictObject({ ...envelope, type: z.literal('channel.deleted'), channelId: snowflake });
const guildRemoved = z.strictObject({ ...envelope, type: z.literal('guild.removed'), identityId: snowflake });

/** Session events speak of one leg: the one in `guildId`. A session is active when each of its legs is. */
const sessionEnvelope = { ...envelope, sessionId: ulidSchema, revision: z.int().positive(), legId: ulidSchema };
const sessionConnecting = z.strictObject({ ...sessionEnvelope, type: z.literal('session.connecting') });
const sessionActive = z.strictObject({
  ...sessionEnvelope,
  type: z.literal('session.active'),
  /** DAVE protocol version of the leg; 0 = transport encryption only. */
  daveVersion: z.int().nonnegative(),
});
const sessionDegraded = z.strictObject({
  ...sessionEnvelope,
  type: z.literal('session.degraded'),
  code: z.string().max(64),
  message: z.string().max(500),
});
/** The time limit is near; the people of the leg were told. */
const sessionWarning = z.strictObject({
  ...sessionEnvelope,
  type: z.literal('session.warning'),
  secondsLeft: z.int().nonnegative(),
});
/** The leg has left: with its session, or alone, when the session goes on without it. */
const sessionEnded = z.strictObject({
  ...sessionEnvelope,
  type: z.literal('session.ended'),
  reason: endReasonSchema,
  /** The leg on whose side the end came up, where there is one. */
  by: ulidSchema.optional(),
  /** The session goes on without this leg. */
  goesOn: z.boolean().optional(),
  message: z.string().max(500).optional(),
});

const recordingEnvelope = { ...envelope, sessionId: ulidSchema };
const recordingStarted = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('recording.started'),
  legId: ulidSchema,
});
const chunkStored = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('recording.chunk.stored'),
  userId: snowflake,
  key: z.string().max(512),
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Samples at 48 kHz from time zero. */
  firstSample: z.int().nonnegative(),
  samples: z.int().nonnegative(),
  lostPackets: z.int().nonnegative(),
});
const loudness = { loudness: z.number().nullable(), truePeak: z.number().nullable() };
const storedObject = {
  key: z.string().max(512),
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Samples at 48 kHz from time zero. */
  firstSample: z.int().nonnegative(),
  samples: z.int().nonnegative(),
};
/** One join-to-leave of one participant is stored: loudness-normalised, as received, or as MP3. */
const fragmentStored = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('recording.fragment.stored'),
  userId: snowflake,
  kind: z.enum(['normalised', 'raw', 'mp3']),
  ...storedObject,
  /** LUFS and dBTP of the normalised version; `null` = silence. */
  ...loudness,
  /** Why the loudness was not reached: the highest gain was not enough, or the peaks were too high. */
  atLimit: z.enum(['gain', 'peak']).optional(),
});
/** The mix of all tracks is stored. */
const masterStored = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('recording.master.stored'),
  ...storedObject,
  ...loudness,
  participants: z.int().nonnegative(),
  /** False: parts of the recording are missing; they are listed in the manifest. */
  complete: z.boolean(),
  manifest: z.string().max(512),
  /** Of each participant: packets that were lost on the way, and samples of their stays that no chunk holds. Absent: not told. */
  tracks: z
    .array(
      z.strictObject({
        userId: snowflake,
        lostPackets: z.int().nonnegative(),
        /** Samples at 48 kHz in which a packet of theirs was stored. */
        spokenSamples: z.int().nonnegative(),
        missingSamples: z.int().nonnegative(),
      }),
    )
    .max(255)
    .optional(),
  /** Samples in which nothing could be received. */
  outageSamples: z.int().nonnegative().optional(),
});
/** A node has stored and verified all that it recorded of the session so far, and records nothing of it now. */
const recordingSealed = z.strictObject({ ...recordingEnvelope, type: z.literal('recording.sealed') });
/** Answers `recording.flush`: what was captured up to `until` is in the bucket. */
const recordingFlushed = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('recording.flushed'),
  requestId: ulidSchema,
  /** The first sample that no stored object holds yet, from time zero. */
  until: z.int().nonnegative(),
  objects: z
    .array(
      z.strictObject({
        key: z.string().max(512),
        userId: snowflake,
        firstSample: z.int().nonnegative(),
        samples: z.int().nonnegative(),
      }),
    )
    .max(255),
});
/** Something keeps a running recording from being whole, or does no longer. */
const recordingCoverage = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('recording.coverage'),
  legId: ulidSchema,
  /**
   * `no_packets`: a member shows as speaking, and nothing comes. `receiver_stalled`: nobody's packets come. `bot_muted`, `bot_deafened`:
   * by a moderator. `disk_low`: the voice node's disk is nearly full.
   */
  code: z.enum(['no_packets', 'receiver_stalled', 'bot_muted', 'bot_deafened', 'disk_low']),
  userId: snowflake.optional(),
  state: z.enum(['begun', 'over']),
  message: z.string().max(500),
});
/** People were shown that they are recorded. */
const recordingNoticed = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('recording.noticed'),
  legId: ulidSchema,
  kind: z.enum(['nickname', 'panel', 'spoken']),
  userIds: z.array(snowflake).max(1_000),
});
/** How a mail that the Worker ordered came out. */
const mailSent = z.strictObject({ ...envelope, type: z.literal('mail.sent'), mailId: ulidSchema });
const mailFailed = z.strictObject({
  ...envelope,
  type: z.literal('mail.failed'),
  mailId: ulidSchema,
  code: z.string().max(64),
  message: z.string().max(500),
});

/** Times of captions are ms of the session: from its time zero, as in the recording. */
export const captionWordSchema = z.strictObject({
  text: z.string().max(200),
  startMs: z.number().nonnegative(),
  endMs: z.number().nonnegative(),
});
export type CaptionWord = z.infer<typeof captionWordSchema>;
/** A part of what somebody said, as it will stay. */
const captionFinal = z.strictObject({
  ...sessionEnvelope,
  type: z.literal('caption.final'),
  channelId: snowflake,
  userId: snowflake,
  /** Names the part: its partials have the same id, and a final that comes twice has it, too. */
  captionId: ulidSchema,
  language: z.string().max(16),
  text: z.string().max(4_000),
  startMs: z.number().nonnegative(),
  endMs: z.number().nonnegative(),
  words: z.array(captionWordSchema).max(1_000),
});
/** How captioning of a leg stands. */
const captionState = z.strictObject({
  ...sessionEnvelope,
  type: z.literal('caption.state'),
  /** `delayed`: words come late, none is lost. `broken`: words were lost; the transcript takes them from the recording, where there is one. */
  state: z.enum(['on', 'delayed', 'broken', 'off']),
  code: z.string().max(64),
  message: z.string().max(500),
});
/** The transcript of a session is stored, in all its formats. */
const transcriptStored = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('transcript.stored'),
  objects: z
    .array(
      z.strictObject({
        key: z.string().max(512),
        format: z.enum(['txt', 'vtt', 'srt', 'json']),
        bytes: z.int().nonnegative(),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .min(1)
    .max(4),
  /** Parts by where they came from. */
  live: z.int().nonnegative(),
  prerecorded: z.int().nonnegative(),
});
const recordingFailed = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('recording.failed'),
  userId: snowflake.optional(),
  code: z.string().max(64),
  message: z.string().max(500),
});

/** A report's ten seconds: all of it is in the bucket, and verified. */
const reportSealed = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('report.sealed'),
  reportId: ulidSchema,
  /** What was sealed, from and to; ms since the epoch on the node's clock. */
  from: instant,
  to: instant,
  objects: z
    .array(
      z.strictObject({
        key: z.string().max(512),
        bytes: z.int().nonnegative(),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        /** Whose voice it is; absent for the description. */
        userId: snowflake.optional(),
      }),
    )
    .min(1)
    .max(MAX_SEALED_OBJECTS),
});
const reportFailed = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('report.failed'),
  reportId: ulidSchema,
  code: z.string().max(64),
  message: z.string().max(500),
});

export const nodeEventSchema = z.discriminatedUnion('type', [
  voiceSnapshot,
  voiceJoined,
  voiceMoved,
  voiceLeft,
  voiceCause,
  voiceFlags,
  memberRoles,
  memberRemoved,
  channelCreated,
  channelDeleted,
  guildRemoved,
  sessionConnecting,
  sessionActive,
  sessionDegraded,
  sessionWarning,
  sessionEnded,
  recordingStarted,
  chunkStored,
  fragmentStored,
  masterStored,
  recordingFailed,
  recordingSealed,
  recordingFlushed,
  recordingCoverage,
  recordingNoticed,
  mailSent,
  mailFailed,
  captionFinal,
  captionState,
  transcriptStored,
  reportSealed,
  reportFailed,
]);
export type NodeEvent = z.infer<typeof nodeEventSchema>;
export type NodeEventType = NodeEvent['type'];
/** One event type's shape: `NodeEventOf<'voice.left'>`. */
export type NodeEventOf<T extends NodeEventType> = Extract<NodeEvent, { type: T }>;
/** What a room hands to the outbox: the outbox adds id, node and sequence. */
export type NodeEventDraft = NodeEvent extends infer E
  ? E extends NodeEvent
    ? Omit<E, 'id' | 'nodeId' | 'seq' | 'at'> & { at?: number }
    : never
  : never;

/** The most events in one request. */
export const MAX_EVENTS_PER_BATCH = 200;

/** Body of `POST /api/internal/events`. `stream` names one outbox file: a new file counts from 1 again. */
export const eventBatchSchema = z.strictObject({
  stream: ulidSchema,
  events: z.array(nodeEventSchema).min(1).max(MAX_EVENTS_PER_BATCH),
});
export type EventBatch = z.infer<typeof eventBatchSchema>;

/**
 * Answer: the watermark per guild. The node deletes what is at or below it. A guild that is missing in the answer was not
 * taken (its object was unreachable): the node sends those events again.
 */
export const eventAnswerSchema = z.strictObject({ accepted: z.record(snowflake, z.int().nonnegative()) });
export type EventAnswer = z.infer<typeof eventAnswerSchema>;
