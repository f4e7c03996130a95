/** What the control plane has a voice node do for a recording, over the control socket. Each is idempotent by its id. */
import { z } from 'zod';
import { snowflake, ulidSchema } from './ids.ts';

/**
 * Makes fragments, master and manifest of a session from what the bucket holds; any node can. Answered by the events
 * `recording.master.stored` or `recording.failed`.
 */
export const finaliseOrderSchema = z.strictObject({
  v: z.literal(1),
  type: z.literal('recording.finalise'),
  sessionId: ulidSchema,
  /** Another node has not stored its part yet: the master is marked incomplete, and made again later. */
  incomplete: z.boolean().optional(),
  /** People who are taken out: nothing of theirs is in what is made, and what was made of theirs is deleted. */
  without: z.array(snowflake).max(255).optional(),
  /** Whom to tell when the bucket holds nothing that says whose recording it is. */
  guildIds: z.array(snowflake).max(8).optional(),
});
export type FinaliseOrder = z.infer<typeof finaliseOrderSchema>;

/** Stores what a running recording has captured so far; answered by the event `recording.flushed` or `recording.failed`. */
export const flushOrderSchema = z.strictObject({
  v: z.literal(1),
  type: z.literal('recording.flush'),
  sessionId: ulidSchema,
  requestId: ulidSchema,
});
export type FlushOrder = z.infer<typeof flushOrderSchema>;

/** Sends a mail by the node's `SMTP_URL`; answered by the event `mail.sent` or `mail.failed`. */
export const mailOrderSchema = z.strictObject({
  v: z.literal(1),
  type: z.literal('mail.send'),
  mailId: ulidSchema,
  guildId: snowflake,
  to: z.array(z.email()).min(1).max(50),
  subject: z.string().max(200),
  text: z.string().max(20_000),
});
export type MailOrder = z.infer<typeof mailOrderSchema>;
