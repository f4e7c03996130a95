/** What every event of a voice node has. */
import { z } from 'zod';
import { instant, nodeIdSchema, snowflake, ulidSchema } from '../ids.ts';

export const envelope = {
  id: ulidSchema,
  /** When it happened, on the node's clock; milliseconds since the epoch. */
  at: instant,
  nodeId: nodeIdSchema,
  /** Grows by one per (stream, guild), from 1. */
  seq: z.int().positive(),
  guildId: snowflake,
};

/** Events of a session speak of one leg: the one in `guildId`. A session is active when each of its legs is. */
export const sessionEnvelope = { ...envelope, sessionId: ulidSchema, revision: z.int().positive(), legId: ulidSchema };

/** Events of what is made of a session's sound. */
export const recordingEnvelope = { ...envelope, sessionId: ulidSchema };

/** SHA-256, hex. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
