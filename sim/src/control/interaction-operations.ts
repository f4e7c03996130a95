/** What people do with applications, as control operations. */
import { z } from 'zod';
import { commandOptionSchema } from '../interactions/option.ts';
import { variants } from '../interactions/signature.ts';
import type { interactionSchema } from './contract.ts';

const id = z.string().regex(/^\d+$/, 'is no id; ids are strings of digits');
const name = z.string().min(1).max(32);
const variant = z.enum(variants).default('good');
const where = { applicationId: id, guildId: id.optional(), channelId: id, userId: id, variant };
const options = z.array(commandOptionSchema).default([]);
const component = { userId: id, messageId: id, customId: z.string().min(1).max(100), variant };
const attachment = z.object({
  id: z.string(),
  filename: z.string().min(1),
  contentType: z.string().optional(),
  size: z.number().int().optional(),
  url: z.url().optional(),
});

/** `output` is handed in, since it is also part of the events in `contract.ts`. */
export const interactionOperations = (output: typeof interactionSchema) =>
  ({
    /** `channelId`: of a guild, or a private channel. */
    command: {
      input: z.object({ ...where, name, options, attachments: z.array(attachment).default([]) }),
      output,
    },
    /** `focused`: the name of the option that is being typed. */
    autocomplete: { input: z.object({ ...where, name, options, focused: name }), output },
    /** Name the user or the message whose menu is used. */
    contextCommand: {
      input: z
        .object({ ...where, name, targetUserId: id.optional(), targetMessageId: id.optional() })
        .refine((input) => (input.targetUserId === undefined) !== (input.targetMessageId === undefined), {
          message: 'give targetUserId or targetMessageId, one of the two',
        }),
      output,
    },
    click: { input: z.object(component), output },
    select: { input: z.object({ ...component, values: z.array(z.string()) }), output },
    /** `interactionId`: the interaction that was answered with the modal; `fields` by `custom_id`. */
    submitModal: {
      input: z.object({
        interactionId: id,
        fields: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
        variant,
      }),
      output,
    },
    ping: { input: z.object({ applicationId: id, variant }), output },
    /** The person adds the application to their own account. */
    installForUser: { input: z.object({ applicationId: id, userId: id }), output: z.object({}) },
    /** The private channel of a bot and a person. */
    openDirectMessage: {
      input: z.object({ botUserId: id, userId: id }),
      output: z.object({ channelId: id }),
    },
  }) as const;
