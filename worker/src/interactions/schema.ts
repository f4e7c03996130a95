/** The parts of Discord's interactions that are used (https://discord.com/developers/docs/interactions). */
import { snowflake } from '@patchbay/shared/ids';
import { z } from 'zod';

const optionValue = z.union([z.string(), z.number(), z.boolean()]);
const leafOption = z.object({ name: z.string(), type: z.int(), value: optionValue.optional() });
const option = leafOption.extend({ options: z.array(leafOption).optional() });

const ping = z.object({ type: z.literal(1), id: snowflake });
const command = z.object({
  type: z.literal(2),
  id: snowflake,
  token: z.string().min(1).max(512),
  guild_id: snowflake.optional(),
  member: z
    .object({
      /** Permission bits of the member in the channel, in decimal. */
      permissions: z.string().regex(/^\d+$/),
      user: z.object({ id: snowflake }),
    })
    .optional(),
  data: z.object({
    name: z.string(),
    options: z.array(option).optional(),
    resolved: z
      .object({ channels: z.record(snowflake, z.object({ name: z.string().default(''), type: z.int() })).optional() })
      .optional(),
  }),
});

export const interactionSchema = z.discriminatedUnion('type', [ping, command]);
export type CommandInteraction = z.infer<typeof command>;
