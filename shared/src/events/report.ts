/** What a report sealed. */
import { z } from 'zod';
import { instant, snowflake, ulidSchema } from '../ids.ts';
import { MAX_SEALED_OBJECTS } from '../sealed-report.ts';
import { recordingEnvelope, sha256 } from './envelope.ts';

/** A report's ten seconds: all of it is in the bucket, and verified. */
export const reportSealed = z.strictObject({
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
        sha256,
        /** Whose voice it is; absent for the description. */
        userId: snowflake.optional(),
      }),
    )
    .min(1)
    .max(MAX_SEALED_OBJECTS),
});
export const reportFailed = z.strictObject({
  ...recordingEnvelope,
  type: z.literal('report.failed'),
  reportId: ulidSchema,
  code: z.string().max(64),
  message: z.string().max(500),
});
