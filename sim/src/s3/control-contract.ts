/** The control protocol of the S3 stand-in: `POST /control/<operation>` on a port of its own. */
import { z } from 'zod';
import { faultRuleSchema } from './faults.ts';

const nothing = z.object({});
const number = z.number().int().positive();
/** The first bucket of the stand-in unless another is named. */
const bucket = z.string().min(1).optional();

export const s3Operations = {
  addFault: { input: z.object({ rule: faultRuleSchema }), output: z.object({ id: number }) },
  removeFault: { input: z.object({ id: number }), output: z.object({ removed: z.boolean() }) },
  clearFaults: { input: nothing, output: nothing },
  /** Rules that still stand; `count` is what is left. */
  faults: {
    input: nothing,
    output: z.object({ faults: z.array(z.intersection(faultRuleSchema, z.object({ id: number }))) }),
  },
  setDown: { input: z.object({ down: z.boolean() }), output: nothing },
  /** Requests so far by HTTP method. */
  requests: { input: nothing, output: z.object({ requests: z.record(z.string(), z.number()) }) },
  keys: {
    input: z.object({ bucket, prefix: z.string().default('') }),
    output: z.object({ keys: z.array(z.string()) }),
  },
  read: {
    input: z.object({ bucket, key: z.string().min(1) }),
    output: z.object({
      /** base64 */
      data: z.string(),
      etag: z.string(),
      contentType: z.string(),
      metadata: z.record(z.string(), z.string()),
    }),
  },
  /** Removes all objects. */
  clear: { input: z.object({ bucket }), output: nothing },
} as const;
