/**
 * What a chunk tells about itself in its Vorbis comment `PATCHBAY_TRACK`, as JSON: enough to put a recording together from the bucket
 * alone, to the sample.
 */
import { snowflake, ulidSchema } from '@patchbay/shared/ids';
import { z } from 'zod';

export const TRACK_COMMENT = 'PATCHBAY_TRACK';

export const chunkTagsSchema = z.object({
  v: z.literal(1),
  sessionId: ulidSchema,
  guildId: snowflake,
  userId: snowflake,
  /** ms since the epoch. */
  timeZero: z.number(),
  /** Position of the file's first sample, at 48 kHz from time zero. */
  firstSample: z.int().nonnegative(),
  samples: z.int().nonnegative(),
  lostPackets: z.int().nonnegative(),
  /**
   * Packets lie on a grid of 20 ms; from packet `index` of the file on, what they hold lies `shift` samples later than the grid says.
   * Ordered by index.
   */
  shifts: z.array(z.tuple([z.int().nonnegative(), z.int()])),
  /** When the participant was in the channel, in samples from time zero, as far as it touches this chunk; `null`: still is. */
  stays: z.array(z.tuple([z.int(), z.int().nullable()])),
  /** When nothing could be received, in samples from time zero: neither silence nor speech, nobody knows. */
  outages: z.array(z.tuple([z.int(), z.int()])),
});
export type ChunkTags = z.infer<typeof chunkTagsSchema>;
