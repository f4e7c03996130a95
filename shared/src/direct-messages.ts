/** Messages to the bot: a voice node passes them on with a signed `POST /api/internal/direct-messages`, and posts the answer. */
import { z } from 'zod';
import { snowflake } from './ids.ts';

/** How a message begins that the bot understands. */
export const RECORDS_PREFIX = '!records';

export const directMessageSchema = z.strictObject({
  userId: snowflake,
  /** Answered once. */
  messageId: snowflake,
  content: z.string().max(4_000),
});

/** What the bot answers: a text, and buttons that open links. */
export const directAnswerSchema = z.object({
  content: z.string().min(1).max(2_000),
  links: z.array(z.object({ label: z.string().max(80), url: z.string().max(512) })).max(25),
});
export type DirectAnswer = z.infer<typeof directAnswerSchema>;
