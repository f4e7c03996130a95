/** What is written down of a session's captions while it runs: one JSON object a line. */
import { captionWordSchema } from '@patchbay/shared/events';
import { snowflake, ulidSchema } from '@patchbay/shared/ids';
import { z } from 'zod';

const ms = z.number().nonnegative();
const person = { guildId: snowflake, userId: snowflake };

export const entrySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('session'), v: z.literal(1), sessionId: ulidSchema, timeZero: z.number() }),
  /** How a server wants its transcript; the last one counts. */
  z.object({
    type: z.literal('guild'),
    guildId: snowflake,
    language: z.string(),
    keyterms: z.array(z.string()),
    prerecorded: z.enum(['gaps', 'all']),
    recorded: z.boolean(),
  }),
  z.object({ type: z.literal('name'), ...person, name: z.string() }),
  z.object({
    type: z.literal('final'),
    ...person,
    captionId: ulidSchema,
    language: z.string(),
    text: z.string(),
    startMs: ms,
    endMs: ms,
    words: z.array(captionWordSchema),
  }),
  /** No words came of this stretch. */
  z.object({ type: z.literal('lost'), ...person, fromMs: ms, toMs: ms }),
  /** Who opted out by now; the last one counts. */
  z.object({ type: z.literal('out'), userIds: z.array(snowflake) }),
  z.object({ type: z.literal('ended'), at: z.number() }),
]);
export type BookEntry = z.infer<typeof entrySchema>;
export type BookEntryOf<T extends BookEntry['type']> = Extract<BookEntry, { type: T }>;

/** The lines of a book. A torn last line, as a kill leaves it, is left out. */
export function readEntries(text: string): BookEntry[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    try {
      const parsed = entrySchema.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    } catch {
      return [];
    }
  });
}
