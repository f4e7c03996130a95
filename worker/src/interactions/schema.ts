/** The parts of Discord's interactions that are used (https://discord.com/developers/docs/interactions). */
import { snowflake } from '@patchbay/shared/ids';
import { z } from 'zod';

export const PING = 1;
export const COMMAND = 2;
export const COMPONENT = 3;
export const AUTOCOMPLETE = 4;
export const MODAL = 5;

const optionValue = z.union([z.string(), z.number(), z.boolean()]);
export type OptionValue = z.infer<typeof optionValue>;

/** An option, a subcommand or a group of subcommands: at most three levels. */
const optionSchema = z.object({
  name: z.string(),
  type: z.int(),
  value: optionValue.optional(),
  /** The person is typing this one (autocomplete). */
  focused: z.boolean().optional(),
  get options() {
    return z.array(optionSchema).optional();
  },
});
export type Option = z.infer<typeof optionSchema>;

/** Permission bits in decimal. */
const bits = z.string().regex(/^\d+$/);
const resolvedChannel = z.object({
  name: z.string().default(''),
  type: z.int(),
  /** What the caller may do in that channel. */
  permissions: bits.optional(),
});
export type ResolvedChannel = z.infer<typeof resolvedChannel>;

const invoked = {
  id: snowflake,
  token: z.string().min(1).max(512),
  guild_id: snowflake.optional(),
  /** The caller's language; absent in none of Discord's own commands, but a panel of ours may be read without. */
  locale: z.string().max(16).optional(),
  guild_locale: z.string().max(16).optional(),
  member: z
    .object({
      /** Permission bits of the member in the channel, in decimal. */
      permissions: bits,
      user: z.object({ id: snowflake }),
      roles: z.array(snowflake).default([]),
    })
    .optional(),
  /** The caller in the bot's direct messages, where there is no member. */
  user: z.object({ id: snowflake }).optional(),
  data: z.object({
    name: z.string(),
    options: z.array(optionSchema).optional(),
    resolved: z
      .object({
        channels: z.record(snowflake, resolvedChannel).optional(),
        users: z.record(snowflake, z.object({ username: z.string(), global_name: z.string().nullish() })).optional(),
        roles: z.record(snowflake, z.object({ name: z.string() })).optional(),
      })
      .optional(),
  }),
};

/** A pressed button, or a form that was sent: its text inputs are within labels. */
const pressed = {
  ...invoked,
  data: z.object({
    custom_id: z.string().max(100),
    components: z
      .array(z.object({ component: z.object({ custom_id: z.string(), value: z.string().optional() }).optional() }))
      .optional(),
  }),
};

export const interactionSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal(PING), id: snowflake }),
  z.object({ type: z.literal(COMMAND), ...invoked }),
  z.object({ type: z.literal(AUTOCOMPLETE), ...invoked }),
  z.object({ type: z.literal(COMPONENT), ...pressed }),
  z.object({ type: z.literal(MODAL), ...pressed }),
]);
export type Interaction = z.infer<typeof interactionSchema>;
export type PressInteraction = Extract<Interaction, { type: typeof COMPONENT | typeof MODAL }>;
export type CommandInteraction = Extract<Interaction, { type: typeof COMMAND | typeof AUTOCOMPLETE }>;
