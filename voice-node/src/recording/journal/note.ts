/** What a journal knows beside packets. */
import { snowflake } from '@patchbay/shared/ids';
import { z } from 'zod';

const instant = z.number();

export const noteSchema = z.discriminatedUnion('type', [
  /** Whose recording a participant's is. Written before their first packet. */
  z.strictObject({ type: z.literal('participant'), userId: snowflake, guildId: snowflake }),
  /** A leg of this guild is recorded, whether or not anybody speaks in it. */
  z.strictObject({ type: z.literal('guild'), guildId: snowflake }),
  /** A participant came into a recorded channel, or left it. */
  z.strictObject({ type: z.literal('stay'), at: instant, userId: snowflake, present: z.boolean() }),
  /** No leg could receive between these instants: what was spoken then is not silence, nobody knows. */
  z.strictObject({ type: z.literal('outage'), at: instant, until: instant, reason: z.string().max(200) }),
  /** The participant opted out (or in again): what was captured since this instant is left out of every chunk. */
  z.strictObject({ type: z.literal('optout'), at: instant, userId: snowflake, out: z.boolean() }),
]);
/** Instants in ms since the epoch. */
export type JournalNote = z.infer<typeof noteSchema>;
