import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { z } from 'zod';

/** An option as a person gives it. */
export interface CommandOption {
  name: string;
  type?: number | undefined;
  value?: string | number | boolean | undefined;
  options?: CommandOption[] | undefined;
}

/** `type` may be left out; it is then told from the registered command, or else guessed from the value. */
export const commandOptionSchema: z.ZodType<CommandOption> = z.object({
  name: z.string().min(1),
  type: z.number().int().min(1).max(11).optional(),
  value: z.union([z.string(), z.number(), z.boolean()]).optional(),
  get options() {
    return z.array(commandOptionSchema).optional();
  },
});

/** An option as it is sent. */
export interface SentOption {
  name: string;
  type: number;
  value?: string | number | boolean | undefined;
  options?: SentOption[] | undefined;
  focused?: true;
}

/** What a registered command says of an option. */
export interface OptionDefinition {
  type: number;
  name: string;
  required?: boolean | undefined;
  autocomplete?: boolean | undefined;
  choices?: readonly { name: string; value: string | number }[] | undefined;
  options?: readonly OptionDefinition[] | undefined;
  min_value?: number | undefined;
  max_value?: number | undefined;
  min_length?: number | undefined;
  max_length?: number | undefined;
  channel_types?: readonly number[] | undefined;
}

export const isSubcommand = ({ type }: { type: number }): boolean =>
  type === Type.Subcommand || type === Type.SubcommandGroup;

/** For applications that have registered nothing: types told from the values. */
export function guessTypes(options: readonly CommandOption[]): SentOption[] {
  return options.map((option) => ({
    ...option,
    type: option.type ?? guessType(option),
    ...(option.options ? { options: guessTypes(option.options) } : {}),
  })) as SentOption[];
}

function guessType({ value, options }: CommandOption): number {
  if (options?.some((inner) => inner.value === undefined)) return Type.SubcommandGroup;
  if (typeof value === 'string') return Type.String;
  if (typeof value === 'boolean') return Type.Boolean;
  if (typeof value === 'number') return Number.isInteger(value) ? Type.Integer : Type.Number;
  return Type.Subcommand;
}
