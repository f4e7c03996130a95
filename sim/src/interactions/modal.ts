/** Modals that an application opens (https://discord.com/developers/docs/components/using-modal-components). */
import { ComponentType } from 'discord-api-types/v10';
import { z } from 'zod';

const customId = z.string().min(1).max(100);
const componentId = z.number().int().nonnegative().optional();

const textInput = z.looseObject({
  type: z.literal(ComponentType.TextInput),
  id: componentId,
  custom_id: customId,
  style: z.number().int().min(1).max(2),
  label: z.string().min(1).max(45).optional(),
  min_length: z.number().int().min(0).max(4000).optional(),
  max_length: z.number().int().min(1).max(4000).optional(),
  required: z.boolean().default(true),
  value: z.string().max(4000).optional(),
  placeholder: z.string().max(100).optional(),
});
export type TextInput = z.infer<typeof textInput>;

const select = z
  .looseObject({
    type: z.union([
      z.literal(ComponentType.StringSelect),
      z.literal(ComponentType.UserSelect),
      z.literal(ComponentType.RoleSelect),
      z.literal(ComponentType.MentionableSelect),
      z.literal(ComponentType.ChannelSelect),
    ]),
    id: componentId,
    custom_id: customId,
    required: z.boolean().default(true),
    min_values: z.number().int().min(0).max(25).default(1),
    max_values: z.number().int().min(1).max(25).default(1),
    options: z
      .array(z.looseObject({ label: z.string().min(1).max(100), value: z.string().max(100) }))
      .min(1)
      .max(25)
      .optional(),
  })
  .refine(({ type, options }) => type !== ComponentType.StringSelect || options !== undefined, {
    path: ['options'],
    message: 'This field is required',
  });

const row = z.looseObject({
  type: z.literal(ComponentType.ActionRow),
  id: componentId,
  components: z.array(textInput).length(1),
});
const label = z.looseObject({
  type: z.literal(ComponentType.Label),
  id: componentId,
  label: z.string().min(1).max(45),
  description: z.string().max(100).optional(),
  component: z.union([textInput, select]),
});
const textDisplay = z.looseObject({
  type: z.literal(ComponentType.TextDisplay),
  id: componentId,
  content: z.string().min(1).max(4000),
});

const line = z.discriminatedUnion('type', [row, label, textDisplay]);
export type ModalRow = z.infer<typeof line>;

export const modalSchema = z
  .looseObject({
    custom_id: customId,
    title: z.string().min(1).max(45),
    components: z.array(line).min(1).max(5),
  })
  .refine(({ components }) => new Set(customIds(components)).size === customIds(components).length, {
    path: ['components'],
    message: 'Component custom id cannot be duplicated',
  });
export type Modal = z.infer<typeof modalSchema>;

function customIds(components: readonly ModalRow[]): string[] {
  return components.flatMap((entry) => {
    if (entry.type === ComponentType.Label) return [entry.component.custom_id];
    return entry.type === ComponentType.ActionRow ? entry.components.map(({ custom_id }) => custom_id) : [];
  });
}
