/** What the child process is told, and what it says. */
import { ulidSchema } from '@patchbay/shared/ids';
import { z } from 'zod';
import { chunkTagsSchema } from '../recording/chunks/chunk-tags.ts';
import { reportSchema } from './report.ts';

export const jobSchema = z.object({
  sessionId: ulidSchema,
  timeZero: z.number(),
  chunks: z.array(z.object({ ...chunkTagsSchema.shape, path: z.string() })),
  directory: z.string(),
  mp3Fragments: z.boolean(),
});
export type FinaliseJob = z.infer<typeof jobSchema>;

export const childMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), percent: z.number() }),
  z.object({ type: z.literal('report'), report: reportSchema }),
  z.object({ type: z.literal('failed'), code: z.string(), message: z.string() }),
]);
export type ChildMessage = z.infer<typeof childMessageSchema>;
