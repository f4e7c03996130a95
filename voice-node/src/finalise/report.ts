/** What finalising made and measured. */
import { snowflake, ulidSchema } from '@patchbay/shared/ids';
import { z } from 'zod';

/** −Infinity cannot be written as JSON: `null` = silence. */
const decibel = z.number().nullable();
const span = z.tuple([z.int(), z.int()]);

const soundSchema = z.object({
  /** LUFS as spoken. */
  before: decibel,
  /** dB */
  gain: z.number(),
  /** LUFS of what was made. */
  loudness: decibel,
  /** dBTP of what was made. */
  truePeak: decibel,
  /** Why the target was not reached: the highest gain was not enough, or the peaks were too high. */
  atLimit: z.enum(['gain', 'peak']).optional(),
});

const fileSchema = z.object({ path: z.string(), bytes: z.int(), sha256: z.string(), seconds: z.number() });

export const fragmentSchema = z.object({
  userId: snowflake,
  guildId: snowflake,
  /** Samples at 48 kHz from time zero. */
  firstSample: z.int(),
  samples: z.int(),
  sound: soundSchema,
  /** Loudness-normalised. */
  normalised: fileSchema,
  /** The chunks joined, as received. */
  raw: fileSchema,
  /** On request. */
  mp3: fileSchema.optional(),
});
export type FinishedFragment = z.infer<typeof fragmentSchema>;

export const reportSchema = z.object({
  v: z.literal(1),
  sessionId: ulidSchema,
  timeZero: z.number(),
  /** Samples from time zero to the end. */
  samples: z.int(),
  fragments: z.array(fragmentSchema),
  master: z.object({ ...fileSchema.shape, sound: soundSchema }),
  /** Spans that no chunk holds, in samples from time zero. */
  missing: z.array(z.object({ userId: snowflake, spans: z.array(span) })),
  outages: z.array(span),
  lostPackets: z.record(snowflake, z.int()),
  /** Samples in which a packet of the participant was stored. */
  spokenSamples: z.record(snowflake, z.int()),
  undecodable: z.int(),
});
export type FinaliseReport = z.infer<typeof reportSchema>;
export type Sound = z.infer<typeof soundSchema>;
export type FinishedFile = z.infer<typeof fileSchema>;

/** A measure as JSON can hold it. */
export const finite = (value: number): number | null => (Number.isFinite(value) ? Math.round(value * 100) / 100 : null);
