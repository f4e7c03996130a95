/** What a report of a call seals, as it is described in its `report.json`. */
import { z } from 'zod';
import { instant, snowflake, ulidSchema } from './ids.ts';
import { legRoleSchema } from './session-spec.ts';

/** So much of a call is kept in memory and sealed by a report. ms */
export const SEALED_MS = 10_000;
/** The most voices that one report seals. */
export const MAX_SEALED_VOICES = 64;
/** Voices, and their description. */
export const MAX_SEALED_OBJECTS: number = MAX_SEALED_VOICES + 1;

export const sealedReportSchema = z.strictObject({
  v: z.literal(1),
  reportId: ulidSchema,
  sessionId: ulidSchema,
  /** Who reported it first, where, and when on the Worker's clock. */
  reportedBy: z.strictObject({ guildId: snowflake, userId: snowflake, at: instant }),
  /** Instant from which the session's samples are counted; ms since the epoch on the node's clock. */
  timeZero: instant,
  /** What is sealed, from and to, on the same clock. */
  from: instant,
  to: instant,
  /** Position of each file's first sample, in samples at 48 kHz from time zero; negative when the call was younger than that. */
  firstSample: z.int(),
  /** Length of each file in samples at 48 kHz. */
  samples: z.int().positive(),
  legs: z.array(
    z.strictObject({
      legId: ulidSchema,
      guildId: snowflake,
      channelId: snowflake,
      role: legRoleSchema,
      /** `false`: this side is not sealed, by its server's setting or because it only listens. */
      sealed: z.boolean(),
    }),
  ),
  /** Who was heard. Nobody who has opted out is among them. */
  participants: z.array(
    z.strictObject({
      userId: snowflake,
      legId: ulidSchema,
      key: z.string().max(512),
      bytes: z.int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      /** Packets of sound that are in the file, of 20 ms each. */
      packets: z.int().nonnegative(),
      /** Packets that the sequence numbers say were lost on the way to the node. */
      lostPackets: z.int().nonnegative(),
    }),
  ),
});
export type SealedReport = z.infer<typeof sealedReportSchema>;
