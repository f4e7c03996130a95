/** Buttons, selects and the rows they stand in (https://discord.com/developers/docs/components/reference). */
import { ButtonStyle, ComponentType } from 'discord-api-types/v10';
import { z } from 'zod';
import { formIssue, notSnowflake } from '../form-errors.ts';
import { urlOf } from './media.ts';

export const componentId = z
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1)
  .optional();
const snowflake = z.string().regex(/^\d{1,20}$/, notSnowflake);
const customId = z.string().min(1).max(100);
const emoji = z.object({
  id: snowflake.nullish(),
  name: z.string().max(100).nullish(),
  animated: z.boolean().optional(),
});

export const button = z
  .object({
    type: z.literal(ComponentType.Button),
    id: componentId,
    style: z.number().int().min(1).max(6),
    label: z.string().max(80).optional(),
    emoji: emoji.optional(),
    custom_id: customId.optional(),
    url: urlOf('web').max(512).optional(),
    sku_id: snowflake.optional(),
    disabled: z.boolean().optional(),
  })
  .superRefine(({ style, label, emoji, custom_id, url, sku_id }, context) => {
    const missing = (field: string) =>
      context.addIssue(formIssue('BASE_TYPE_REQUIRED', 'This field is required', [field]));
    if (style === ButtonStyle.Premium) {
      if (sku_id === undefined) missing('sku_id');
      return;
    }
    if (style === ButtonStyle.Link) {
      if (url === undefined) missing('url');
    } else if (custom_id === undefined) {
      context.addIssue(formIssue('BUTTON_COMPONENT_CUSTOM_ID_REQUIRED', 'A custom id is required', ['custom_id']));
    }
    if (custom_id !== undefined && url !== undefined) {
      const message = 'A custom id and url cannot both be specified';
      context.addIssue(formIssue('BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE', message));
    }
    if (label === undefined && emoji === undefined) missing('label');
  });

const select = {
  id: componentId,
  custom_id: customId,
  placeholder: z.string().max(150).optional(),
  min_values: z.number().int().min(0).max(25).optional(),
  max_values: z.number().int().min(1).max(25).optional(),
  disabled: z.boolean().optional(),
};

const option = z.object({
  label: z.string().min(1).max(100),
  value: z.string().min(1).max(100),
  description: z.string().max(100).nullish(),
  emoji: emoji.nullish(),
  default: z.boolean().optional(),
});

interface Range {
  min_values?: number | undefined;
  max_values?: number | undefined;
}
function checkRange({ min_values = 1, max_values = 1 }: Range, context: z.RefinementCtx): void {
  if (min_values > max_values) {
    const message = `Min value must be less than or equal to max value (${max_values}).`;
    context.addIssue(formIssue('SELECT_COMPONENT_INVALID_MIN_VALUES', message, ['min_values']));
  }
}

export const stringSelect = z
  .object({ ...select, type: z.literal(ComponentType.StringSelect), options: z.array(option).min(1).max(25) })
  .superRefine((value, context) => {
    checkRange(value, context);
    if ((value.max_values ?? 1) > value.options.length) {
      const message = `Max value must be less than or equal to the number of options (${value.options.length}).`;
      context.addIssue(formIssue('SELECT_COMPONENT_INVALID_MAX_VALUES', message, ['max_values']));
    }
    const values = value.options.map((entry) => entry.value);
    for (const [index, entry] of values.entries()) {
      if (values.indexOf(entry) !== index) {
        const message = 'The specified option value is already used';
        context.addIssue(formIssue('SELECT_COMPONENT_OPTION_VALUE_DUPLICATED', message, ['options', index, 'value']));
      }
    }
  });

/** A select that Discord fills: its default values are ids of these kinds. */
function entitySelect<Type extends number>(type: Type, kinds: [string, ...string[]]) {
  const default_values = z.array(z.object({ id: snowflake, type: z.enum(kinds) })).max(25);
  return z
    .object({
      ...select,
      type: z.literal(type),
      default_values: default_values.optional(),
      channel_types: z.array(z.number().int()).optional(),
    })
    .superRefine((value, context) => {
      checkRange(value, context);
      const count = value.default_values?.length ?? 0;
      if (count > (value.max_values ?? 1)) {
        const message = `Must be ${value.max_values ?? 1} or fewer in length.`;
        context.addIssue(formIssue('BASE_TYPE_MAX_LENGTH', message, ['default_values']));
      }
    });
}

/** All that a row in a message may hold. Text inputs (4) belong into modals alone. */
export const rowChild = z.discriminatedUnion('type', [
  button,
  stringSelect,
  entitySelect(ComponentType.UserSelect, ['user']),
  entitySelect(ComponentType.RoleSelect, ['role']),
  entitySelect(ComponentType.MentionableSelect, ['user', 'role']),
  entitySelect(ComponentType.ChannelSelect, ['channel']),
]);

/** Five buttons, or one select, which is as wide as five. */
export const actionRow = z
  .object({ type: z.literal(ComponentType.ActionRow), id: componentId, components: z.array(rowChild).min(1).max(5) })
  .superRefine(({ components }, context) => {
    const width = components.reduce((sum, { type }) => sum + (type === ComponentType.Button ? 1 : 5), 0);
    if (width > 5) {
      const message = 'The specified component exceeds the maximum width';
      context.addIssue(formIssue('COMPONENT_LAYOUT_WIDTH_EXCEEDED', message, ['components', components.length - 1]));
    }
  });
