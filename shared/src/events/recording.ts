/** What became of a recording, and what keeps it from being whole. */
import { z } from 'zod';
import { snowflake, ulidSchema } from '../ids.ts';
import { recordingEnvelope, sha256 } from './envelope.ts';

export const recordingStarted = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('recording.started'),
  legId: ulidSchema,
});
export const chunkStored = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('recording.chunk.stored'),
  userId: snowflake,
  key: z.string().max(512),
  bytes: z.int().nonnegative(),
  sha256,
  /** Samples at 48 kHz from time zero. */
  firstSample: z.int().nonnegative(),
  samples: z.int().nonnegative(),
  lostPackets: z.int().nonnegative(),
});
const loudness = { loudness: z.number().nullable(), truePeak: z.number().nullable() };
const storedObject = {
  key: z.string().max(512),
  bytes: z.int().nonnegative(),
  sha256,
  /** Samples at 48 kHz from time zero. */
  firstSample: z.int().nonnegative(),
  samples: z.int().nonnegative(),
};
/** One join-to-leave of one participant is stored: loudness-normalised, as received, or as MP3. */
export const fragmentStored = z.strictObject({
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
export const masterStored = z.strictObject({
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
export const recordingSealed = z.strictObject({ ...recordingEnvelope, type: z.literal('recording.sealed') });
/** Answers `recording.flush`: what was captured up to `until` is in the bucket. */
export const recordingFlushed = z.strictObject({
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
export const recordingCoverage = z.strictObject({
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
export const recordingNoticed = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('recording.noticed'),
  legId: ulidSchema,
  kind: z.enum(['nickname', 'panel', 'spoken']),
  userIds: z.array(snowflake).max(1_000),
});
