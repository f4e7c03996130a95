/**
 * Durable events, voice node → Worker: `POST /api/internal/events`, ordered per guild, kept in the node's outbox until
 * accepted. The Worker keeps a watermark per (node, stream, guild): the effect of each event happens exactly once.
 */
import { z } from 'zod';
import { captionFinal, captionState, recordingFailed, transcriptStored } from './events/captions.ts';
import { mailFailed, mailSent } from './events/mail.ts';
import {
  chunkStored,
  fragmentStored,
  masterStored,
  recordingCoverage,
  recordingFlushed,
  recordingNoticed,
  recordingSealed,
  recordingStarted,
} from './events/recording.ts';
import { reportFailed, reportSealed } from './events/report.ts';
import { sessionActive, sessionConnecting, sessionDegraded, sessionEnded, sessionWarning } from './events/session.ts';
import {
  channelCreated,
  channelDeleted,
  guildRemoved,
  memberRemoved,
  memberRoles,
  voiceCause,
  voiceFlags,
  voiceJoined,
  voiceLeft,
  voiceMoved,
  voiceSnapshot,
} from './events/voice.ts';
import { snowflake, ulidSchema } from './ids.ts';

export { type CaptionWord, captionWordSchema } from './events/captions.ts';
export { leaveCauseSchema, type VoiceChannel, type VoiceMember, voiceMemberSchema } from './events/voice.ts';

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
