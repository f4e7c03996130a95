import { ChannelType, ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { z } from 'zod';
import { description, localizations, slashName } from './fields.ts';
import { fault, text } from './form.ts';

const named = {
  name: slashName,
  name_localizations: localizations(slashName),
  description,
  description_localizations: localizations(description),
};
const argument = { ...named, required: z.boolean().default(false) };
const choicesOf = <Value extends z.ZodType>(value: Value) =>
  z
    .array(
      z.object({
        name: text(1, 100),
        name_localizations: localizations(text(1, 100)),
        value,
      }),
    )
    .max(25)
    .superRefine(
      unique('name', 'APPLICATION_COMMAND_OPTIONS_CHOICES_NAME_ALREADY_EXISTS', 'Choice names must be unique'),
    )
    .optional();
const safe = z
  .number()
  .min(-(2 ** 53))
  .max(2 ** 53);
const channelTypes = Object.values(ChannelType).filter((value) => typeof value === 'number');

const plain = z.object({
  type: z.union([
    z.literal(Type.Boolean),
    z.literal(Type.User),
    z.literal(Type.Role),
    z.literal(Type.Mentionable),
    z.literal(Type.Attachment),
  ]),
  ...argument,
});
const string = z
  .object({
    type: z.literal(Type.String),
    ...argument,
    choices: choicesOf(text(1, 100)),
    autocomplete: z.boolean().optional(),
    min_length: z.number().int().min(0).max(6000).optional(),
    max_length: z.number().int().min(1).max(6000).optional(),
  })
  .superRefine(notBoth)
  .superRefine(({ min_length, max_length }, context) => ordered('length', min_length, max_length, context));
const number = (type: Type.Integer | Type.Number, value: z.ZodType<number>) =>
  z
    .object({
      type: z.literal(type),
      ...argument,
      choices: choicesOf(value),
      autocomplete: z.boolean().optional(),
      min_value: value.optional(),
      max_value: value.optional(),
    })
    .superRefine(notBoth)
    .superRefine(({ min_value, max_value }, context) => ordered('value', min_value, max_value, context));
const channel = z.object({
  type: z.literal(Type.Channel),
  ...argument,
  channel_types: z.array(z.literal(channelTypes)).optional(),
});

const value = z.discriminatedUnion('type', [
  plain,
  string,
  number(Type.Integer, safe.int()),
  number(Type.Number, safe),
  channel,
]);
const values = z.array(value).max(25).superRefine(checkList).optional();
const subcommand = z.object({ type: z.literal(Type.Subcommand), ...named, options: values });
const group = z.object({
  type: z.literal(Type.SubcommandGroup),
  ...named,
  options: z.array(subcommand).min(1).max(25).superRefine(checkList),
});

/** The options of a slash command: subcommands and their groups, or values; never both. */
export const optionsSchema = z
  .array(z.discriminatedUnion('type', [subcommand, group, ...value.options]))
  .max(25)
  .superRefine(checkList);

interface Listed {
  type: number;
  name: string;
  required?: boolean | undefined;
}

function checkList(options: readonly Listed[], context: z.RefinementCtx): void {
  unique('name', 'APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS', 'Option names must be unique')(options, context);
  const commands = options.filter(({ type }) => type === Type.Subcommand || type === Type.SubcommandGroup);
  if (commands.length > 0 && commands.length < options.length) {
    const message = 'Sub-command and sub-command group option types are mutually exclusive to all other types';
    context.addIssue(fault('APPLICATION_COMMAND_OPTIONS_TYPE_INVALID', message));
  }
  const firstOptional = options.findIndex(({ required }) => !required);
  for (const [index, { required }] of options.entries()) {
    if (!required || firstOptional === -1 || index < firstOptional) continue;
    const message = 'Required options must be placed before non-required options';
    context.addIssue({ ...fault('APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID', message), path: [index] });
  }
}

function unique<Key extends string>(key: Key, code: string, message: string) {
  return (list: readonly Record<Key, unknown>[], context: z.RefinementCtx): void => {
    for (const [index, entry] of list.entries()) {
      if (list.findIndex((other) => other[key] === entry[key]) === index) continue;
      context.addIssue({ ...fault(code, message), path: [index, key] });
    }
  };
}

function notBoth(
  { autocomplete, choices }: { autocomplete?: boolean | undefined; choices?: readonly unknown[] | undefined },
  context: z.RefinementCtx,
): void {
  if (!autocomplete || !choices || choices.length === 0) return;
  const message = 'Options with choices cannot have autocomplete';
  context.addIssue({ ...fault('APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE', message), path: ['choices'] });
}

function ordered(
  what: 'length' | 'value',
  least: number | undefined,
  most: number | undefined,
  context: z.RefinementCtx,
): void {
  if (least === undefined || most === undefined || least <= most) return;
  const message = `min_${what} must be less than or equal to max_${what}`;
  context.addIssue({ ...fault('APPLICATION_COMMAND_OPTIONS_RANGE_INVALID', message), path: [`max_${what}`] });
}
