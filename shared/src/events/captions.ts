/** What was understood of what people said. */
import { z } from 'zod';
import { snowflake, ulidSchema } from '../ids.ts';
import { recordingEnvelope, sessionEnvelope, sha256 } from './envelope.ts';

/** Times of captions are ms of the session: from its time zero, as in the recording. */
export const captionWordSchema = z.strictObject({
  text: z.string().max(200),
  startMs: z.number().nonnegative(),
  endMs: z.number().nonnegative(),
});
export type CaptionWord = z.infer<typeof captionWordSchema>;
/** A part of what somebody said, as it will stay. */
export const captionFinal = z.strictObject({
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
export const captionState = z.strictObject({
  ...sessionEnvelope,
  type: z.literal('caption.state'),
  /** `delayed`: words come late, none is lost. `broken`: words were lost; the transcript takes them from the recording, where there is one. */
  state: z.enum(['on', 'delayed', 'broken', 'off']),
  code: z.string().max(64),
  message: z.string().max(500),
});
/** The transcript of a session is stored, in all its formats. */
export const transcriptStored = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('transcript.stored'),
  objects: z
    .array(
      z.strictObject({
        key: z.string().max(512),
        format: z.enum(['txt', 'vtt', 'srt', 'json']),
        bytes: z.int().nonnegative(),
        sha256,
      }),
    )
    .min(1)
    .max(4),
  /** Parts by where they came from. */
  live: z.int().nonnegative(),
  prerecorded: z.int().nonnegative(),
});
export const recordingFailed = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('recording.failed'),
  userId: snowflake.optional(),
  code: z.string().max(64),
  message: z.string().max(500),
});
