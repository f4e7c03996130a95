/**
 * The control socket: the voice node dials `GET /api/internal/nodes/:id/socket` (signed upgrade) and holds it. Commands walk
 * down, reconcile reports and the ephemeral lane walk up. JSON text frames; `ping` → `pong` as bare text every 2 s.
 */
import { z } from 'zod';
import { endReasonSchema } from './end-reason.ts';
import { instant, nodeIdSchema, snowflake, ulidSchema } from './ids.ts';
import { finaliseOrderSchema, flushOrderSchema, mailOrderSchema } from './recording-orders.ts';
import { sessionSpecSchema } from './session-spec.ts';

/** A node that was silent for so long is suspect; no new sessions go to it. */
export const NODE_SUSPECT_MS = 5_000;
/** A node that was silent for so long is lost; its sessions end or move. */
export const NODE_LOST_MS = 15_000;
export const NODE_PING_MS = 2_000;

const runningSession = z.strictObject({ sessionId: ulidSchema, revision: z.int().positive() });
/** A session that ended on the node and whose end the control plane may not know yet. Kept until acknowledged. */
export const tombstoneSchema = z.strictObject({
  sessionId: ulidSchema,
  revision: z.int().positive(),
  reason: endReasonSchema,
  /** The leg on whose side the end came up, where there is one. */
  by: ulidSchema.optional(),
  at: instant,
});
export type Tombstone = z.infer<typeof tombstoneSchema>;

export const identityReportSchema = z.strictObject({ identityId: snowflake, guildIds: z.array(snowflake) });

export const helloSchema = z.strictObject({
  v: z.literal(1),
  type: z.literal('hello'),
  nodeId: nodeIdSchema,
  /** New at every process start: tells a restart from a reconnection. */
  bootId: ulidSchema,
  identities: z.array(identityReportSchema),
  sessions: z.array(runningSession),
  tombstones: z.array(tombstoneSchema),
  /** How many legs the node is willing to hold. */
  capacity: z.int().positive(),
  /** It reads messages (the intent Message Content), so it can relay text. Absent: no. */
  relay: z.boolean().optional(),
  /** It can send mails (`SMTP_URL`). Absent: no. */
  mail: z.boolean().optional(),
  /** It has a key of the transcription service, so it can caption. `false`: it cannot. Absent: not said, so it is tried. */
  captions: z.boolean().optional(),
});

/** What is live in a running session, as its node sees it; told every few seconds while it changes. */
export const sessionStatsSchema = z.strictObject({
  v: z.literal(1),
  type: z.literal('ephemeral'),
  event: z.literal('session.stats'),
  sessionId: ulidSchema,
  legs: z
    .array(
      z.strictObject({
        legId: ulidSchema,
        /** How long the voices that the leg hears were held up in the node: the median of the last seconds. ms. */
        delayMs: z.number().nonnegative().optional(),
        /** Which of the leg's own people spoke in the last seconds. */
        spoke: z.array(snowflake).max(100),
      }),
    )
    .max(8),
  /** Packets that came twice or after their turn, since the call began. */
  late: z.int().nonnegative(),
  /** Frames of mixes that stood for lost packets, since the call began. */
  concealed: z.int().nonnegative(),
});
export type SessionStats = z.infer<typeof sessionStatsSchema>;

/** Who speaks, levels, caption partials: newest wins, dropped when late, never stored. */
export const ephemeralSchema = z.discriminatedUnion('event', [
  z.strictObject({
    v: z.literal(1),
    type: z.literal('ephemeral'),
    event: z.literal('voice.speaking'),
    guildId: snowflake,
    channelId: snowflake,
    userId: snowflake,
    speaking: z.boolean(),
  }),
  sessionStatsSchema,
  /** How far the storing or making of a recording is. */
  z.strictObject({
    v: z.literal(1),
    type: z.literal('ephemeral'),
    event: z.literal('recording.progress'),
    sessionId: ulidSchema,
    stage: z.enum(['uploading', 'finalising', 'recovering', 'transcribing']),
    percent: z.number().min(0).max(100),
  }),
  /** What somebody says, as understood so far. */
  z.strictObject({
    v: z.literal(1),
    type: z.literal('ephemeral'),
    event: z.literal('caption.partial'),
    sessionId: ulidSchema,
    guildId: snowflake,
    channelId: snowflake,
    userId: snowflake,
    /** The same as that of the final. */
    captionId: ulidSchema,
    text: z.string().max(4_000),
    /** ms from time zero. */
    startMs: z.number().nonnegative(),
  }),
  /** How many connections to the transcription service the node has open, and how many it could use now. */
  z.strictObject({
    v: z.literal(1),
    type: z.literal('ephemeral'),
    event: z.literal('captions.demand'),
    open: z.int().nonnegative(),
    wanted: z.int().nonnegative(),
    /**
     * The share that the node goes by (0 before the first). It proves that a smaller share has reached the node: what it had above
     * it is then given to others. Say it whenever a share came. Without it a share that shrank is believed after a while.
     */
    share: z.int().nonnegative().optional(),
  }),
]);
export type Ephemeral = z.infer<typeof ephemeralSchema>;
export type EphemeralOf<E extends Ephemeral['event']> = Extract<Ephemeral, { event: E }>;

export const nodeMessageSchema = z.union([
  helloSchema,
  z.strictObject({ v: z.literal(1), type: z.literal('identities'), identities: z.array(identityReportSchema) }),
  z.strictObject({ v: z.literal(1), type: z.literal('session.applied'), sessionId: ulidSchema, revision: z.int() }),
  z.strictObject({
    v: z.literal(1),
    type: z.literal('session.refused'),
    sessionId: ulidSchema,
    revision: z.int(),
    code: z.string().max(64),
    message: z.string().max(500),
  }),
  z.strictObject({ v: z.literal(1), type: z.literal('session.tombstone'), tombstone: tombstoneSchema }),
  ephemeralSchema,
]);
export type NodeMessage = z.infer<typeof nodeMessageSchema>;

/**
 * Seals the last ten seconds of a session, counted back from the command's arrival: the audio is in the node's memory and nowhere
 * else. Repeated for the same report it changes nothing. Answered by the event `report.sealed` or `report.failed`.
 */
export const sealOrderSchema = z.strictObject({
  v: z.literal(1),
  type: z.literal('session.seal'),
  sessionId: ulidSchema,
  /** Names the folder of the objects. */
  reportId: ulidSchema,
  /** The server in which it was reported, and by whom. */
  guildId: snowflake,
  userId: snowflake,
  /** When it was reported, on the Worker's clock. */
  at: instant,
});
export type SealOrder = z.infer<typeof sealOrderSchema>;

export const workerMessageSchema = z.discriminatedUnion('type', [
  /** Answers `hello`: the epoch under which the node owns each identity. */
  z.strictObject({
    v: z.literal(1),
    type: z.literal('welcome'),
    identities: z.array(z.strictObject({ identityId: snowflake, epoch: z.int().nonnegative() })),
  }),
  z.strictObject({ v: z.literal(1), type: z.literal('session.apply'), spec: sessionSpecSchema }),
  /** Ends a session. `revision` is above that of the spec it ends. */
  z.strictObject({
    v: z.literal(1),
    type: z.literal('session.end'),
    sessionId: ulidSchema,
    revision: z.int().positive(),
    reason: endReasonSchema,
    /** The leg on whose side the end came up: the others are told that it was not them. */
    by: ulidSchema.optional(),
  }),
  sealOrderSchema,
  finaliseOrderSchema,
  flushOrderSchema,
  mailOrderSchema,
  /** The node's share of the deployment's connections to the transcription service. A node without a share has none. */
  z.strictObject({ v: z.literal(1), type: z.literal('captions.share'), connections: z.int().nonnegative() }),
  z.strictObject({ v: z.literal(1), type: z.literal('tombstone.ack'), sessionIds: z.array(ulidSchema) }),
  /** The identity belongs to another node now: let go of its legs and do not rejoin until told. */
  z.strictObject({
    v: z.literal(1),
    type: z.literal('identity.revoked'),
    identityId: snowflake,
    epoch: z.int().nonnegative(),
  }),
  z.strictObject({ v: z.literal(1), type: z.literal('error'), code: z.string(), message: z.string() }),
]);
export type WorkerMessage = z.infer<typeof workerMessageSchema>;
