import { ApplicationCommandType as Type } from 'discord-api-types/v10';
import { z } from 'zod';
import { description, localizations, menuName, slashName } from './fields.ts';
import { fault } from './form.ts';
import { optionsSchema } from './options.ts';

const common = {
  default_member_permissions: z
    .string()
    .superRefine((value, context) => {
      if (!/^\d+$/.test(value))
        context.addIssue(fault('BASE_TYPE_CONVERT', 'Could not interpret value as permissions.'));
    })
    .nullish(),
  /** Superseded by `contexts`. */
  dm_permission: z.boolean().nullish(),
  nsfw: z.boolean().default(false),
  contexts: z.array(z.literal([0, 1, 2])).nullish(),
  integration_types: z
    .array(z.literal([0, 1]))
    .min(1)
    .nullish(),
};
const slash = z.object({
  type: z.literal(Type.ChatInput),
  ...common,
  name: slashName,
  name_localizations: localizations(slashName),
  description,
  description_localizations: localizations(description),
  options: optionsSchema.optional(),
});
const menu = z
  .object({
    type: z.literal([Type.User, Type.Message]),
    ...common,
    name: menuName,
    name_localizations: localizations(menuName),
    description: z.string().default(''),
    options: z.array(z.unknown()).optional(),
  })
  .superRefine((command, context) => {
    const refuse = (path: string, what: string) =>
      context.addIssue({
        ...fault(
          `APPLICATION_COMMAND_CONTEXT_MENU_${what.toUpperCase()}_NOT_ALLOWED`,
          `Context menu commands cannot have ${what}`,
        ),
        path: [path],
      });
    if (command.description !== '') refuse('description', 'description');
    if (command.options && command.options.length > 0) refuse('options', 'options');
  });
/** The command that starts an activity. 1: the application answers it, 2: Discord does. */
const entryPoint = z.object({
  type: z.literal(Type.PrimaryEntryPoint),
  ...common,
  name: slashName,
  name_localizations: localizations(slashName),
  description: z.string().max(100).default(''),
  handler: z.literal([1, 2]).default(1),
});

export const commandSchema = z
  .preprocess(
    (body) => (typeof body === 'object' && body !== null && !('type' in body) ? { ...body, type: 1 } : body),
    z.discriminatedUnion('type', [slash, menu, entryPoint]),
  )
  .superRefine((command, context) => {
    if (sizeOf(command) > sizeLimit)
      context.addIssue(fault('APPLICATION_COMMAND_TOO_LARGE', `Command exceeds maximum size (${sizeLimit})`));
  });
export type CommandBody = z.infer<typeof commandSchema>;

export const commandListSchema = z.array(commandSchema).superRefine((list, context) => {
  for (const [index, { type, name }] of list.entries()) {
    if (list.findIndex((other) => other.type === type && other.name === name) === index) continue;
    const issue = fault('APPLICATION_COMMANDS_DUPLICATE_NAME', 'Application command names must be unique');
    context.addIssue({ ...issue, path: [index, 'name'] });
  }
});

/** Characters of all names, descriptions and values of one command. */
const sizeLimit = 8_000;

interface Sized {
  name?: unknown;
  description?: unknown;
  value?: unknown;
  name_localizations?: unknown;
  description_localizations?: unknown;
  options?: unknown;
  choices?: unknown;
}

/** Of each field only the longest translation counts. */
function sizeOf(part: Sized): number {
  const inner = [part.options, part.choices].flatMap((list) => (Array.isArray(list) ? (list as Sized[]) : []));
  const own =
    longest(part.name, part.name_localizations) +
    longest(part.description, part.description_localizations) +
    (typeof part.value === 'string' ? part.value.length : 0);
  return inner.reduce((sum, entry) => sum + sizeOf(entry), own);
}

function longest(field: unknown, translations: unknown): number {
  const texts = [field, ...Object.values((translations as Record<string, unknown> | null | undefined) ?? {})];
  return Math.max(...texts.map((text) => (typeof text === 'string' ? text.length : 0)));
}
