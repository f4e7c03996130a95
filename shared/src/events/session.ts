/** How a session's legs are. */
import { z } from 'zod';
import { endReasonSchema } from '../end-reason.ts';
import { ulidSchema } from '../ids.ts';
import { sessionEnvelope } from './envelope.ts';

export const sessionConnecting = z.strictObject({ ...sessionEnvelope, type: z.literal('session.connecting') });
export const sessionActive = z.strictObject({
  ...sessionEnvelope,
  type: z.literal('session.active'),
  /** DAVE protocol version of the leg; 0 = transport encryption only. */
  daveVersion: z.int().nonnegative(),
});
export const sessionDegraded = z.strictObject({
  ...sessionEnvelope,
  type: z.literal('session.degraded'),
  code: z.string().max(64),
  message: z.string().max(500),
});
/** The time limit is near; the people of the leg were told. */
export const sessionWarning = z.strictObject({
  ...sessionEnvelope,
  type: z.literal('session.warning'),
  secondsLeft: z.int().nonnegative(),
});
/** The leg has left: with its session, or alone, when the session goes on without it. */
export const sessionEnded = z.strictObject({
  ...sessionEnvelope,
  type: z.literal('session.ended'),
  reason: endReasonSchema,
  /** The leg on whose side the end came up, where there is one. */
  by: ulidSchema.optional(),
  /** The session goes on without this leg. */
  goesOn: z.boolean().optional(),
  message: z.string().max(500).optional(),
});
