/** The control protocol of the SMTP stand-in: `POST /control/<operation>` on a port of its own. */
import { z } from 'zod';
import { faultsSchema } from './faults.ts';
import { mailSchema } from './mail.ts';

const nothing = z.object({});

export const smtpOperations = {
  /** All mails, oldest first. */
  mails: { input: nothing, output: z.object({ mails: z.array(mailSchema) }) },
  /** Answers with the first mail to this recipient whose subject contains `subject`, when it is there. */
  waitFor: {
    input: z.object({
      to: z.string().default(''),
      subject: z.string().default(''),
      timeoutMs: z.number().int().min(1).max(60_000).default(15_000),
    }),
    output: mailSchema,
  },
  clear: { input: nothing, output: nothing },
  faults: { input: nothing, output: faultsSchema },
  /** Changes the faults that are named, and says how all stand. */
  setFaults: { input: faultsSchema.partial().strict(), output: faultsSchema },
  clearFaults: { input: nothing, output: faultsSchema },
} as const;
