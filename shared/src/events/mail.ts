import { z } from 'zod';
import { ulidSchema } from '../ids.ts';
import { envelope } from './envelope.ts';

/** How a mail that the Worker ordered came out. */
export const mailSent = z.strictObject({ ...envelope, type: z.literal('mail.sent'), mailId: ulidSchema });
export const mailFailed = z.strictObject({
  ...envelope,
  type: z.literal('mail.failed'),
  mailId: ulidSchema,
  code: z.string().max(64),
  message: z.string().max(500),
});
