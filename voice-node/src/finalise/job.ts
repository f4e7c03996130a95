/** What the child process is told, and what it says. */
import { snowflake, ulidSchema } from '@patchbay/shared/ids';
import { z } from 'zod';
import { chunkTagsSchema } from '../recording/chunks/chunk-tags.ts';
import { fragmentSchema, reportSchema } from './report.ts';

/** A stay that is over: whose, and between which samples at 48 kHz from time zero. */
const onlySchema = z.object({ userId: snowflake, from: z.int(), to: z.int() });
export type OnlyStay = z.infer<typeof onlySchema>;

export const jobSchema = z.object({
  sessionId: ulidSchema,
  timeZero: z.number(),
  chunks: z.array(z.object({ ...chunkTagsSchema.shape, path: z.string() })),
  directory: z.string(),
  mp3Fragments: z.boolean(),
  /** The fragment of this stay alone, and no master. */
  only: onlySchema.optional(),
});
export type FinaliseJob = z.infer<typeof jobSchema>;

export const childMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), percent: z.number() }),
  z.object({ type: z.literal('report'), report: reportSchema }),
  z.object({ type: z.literal('fragments'), fragments: z.array(fragmentSchema) }),
  z.object({ type: z.literal('failed'), code: z.string(), message: z.string() }),
]);
export type ChildMessage = z.infer<typeof childMessageSchema>;
