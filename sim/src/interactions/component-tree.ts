/** The interactive components of a message (https://discord.com/developers/docs/components/reference). */
import { ComponentType } from 'discord-api-types/v10';
import { z } from 'zod';

const node = z.looseObject({ type: z.number(), id: z.number().optional() });

export const interactiveSchema = z.looseObject({
  type: z.number(),
  id: z.number().default(0),
  custom_id: z.string(),
  disabled: z.boolean().default(false),
  min_values: z.number().default(1),
  max_values: z.number().default(1),
  required: z.boolean().default(true),
  options: z.array(z.looseObject({ value: z.string(), label: z.string() })).default([]),
  channel_types: z.array(z.number()).default([]),
});
export type Interactive = z.infer<typeof interactiveSchema>;

/** All that carry a `custom_id`, at any depth, in the order shown; with the numbers Discord gives to those without. */
export function interactiveIn(components: readonly unknown[]): Interactive[] {
  const found: Interactive[] = [];
  let counter = 0;
  const visit = (value: unknown): void => {
    const parsed = node.safeParse(value);
    if (!parsed.success) return;
    counter += 1;
    const { components: inner, accessory, component } = parsed.data;
    const numbered = { ...parsed.data, id: parsed.data.id ?? counter };
    const interactive = interactiveSchema.safeParse(numbered);
    if (interactive.success) found.push(interactive.data);
    if (Array.isArray(inner)) inner.forEach(visit);
    visit(accessory);
    visit(component);
  };
  components.forEach(visit);
  return found;
}

export const selectTypes: readonly number[] = [
  ComponentType.StringSelect,
  ComponentType.UserSelect,
  ComponentType.RoleSelect,
  ComponentType.MentionableSelect,
  ComponentType.ChannelSelect,
];
