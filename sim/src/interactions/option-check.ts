/** Checks options against the registered command, as Discord's client does before it sends anything. */
import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { type CommandOption, isSubcommand, type OptionDefinition, type SentOption } from './option.ts';
import { ClientRefusal } from './refusal.ts';

/**
 * The options in the form they are sent in. With `focused` (autocomplete) the person is still typing: nothing is
 * required and no value is checked. Throws `unknown_option`, `missing_option`, `invalid_option`, `not_autocomplete`.
 */
export function checkOptions(
  definitions: readonly OptionDefinition[],
  given: readonly CommandOption[],
  focused?: string,
): SentOption[] {
  for (const [index, { name }] of given.entries()) {
    if (given.findIndex((other) => other.name === name) !== index)
      throw new ClientRefusal('invalid_option', `option "${name}" is given twice`);
  }
  const sent = given.map((option) => {
    const definition = definitions.find(({ name }) => name === option.name);
    if (!definition) {
      const known = definitions.map(({ name }) => name).join(', ') || 'none';
      throw new ClientRefusal('unknown_option', `there is no option "${option.name}" here; known: ${known}`);
    }
    if (option.type !== undefined && option.type !== definition.type)
      throw new ClientRefusal('invalid_option', `option "${option.name}" is of type ${definition.type}`);
    return isSubcommand(definition)
      ? {
          name: definition.name,
          type: definition.type,
          options: checkOptions(definition.options ?? [], option.options ?? [], focused),
        }
      : checkOption(definition, option, focused);
  });
  if (definitions.some(isSubcommand) && sent.length !== 1)
    throw new ClientRefusal('missing_option', `choose one of ${definitions.map(({ name }) => name).join(', ')}`);
  for (const { name, required } of definitions) {
    if (required && focused === undefined && !given.some((option) => option.name === name))
      throw new ClientRefusal('missing_option', `option "${name}" is required`);
  }
  return sent;
}

function checkOption(definition: OptionDefinition, { value }: CommandOption, focused: string | undefined): SentOption {
  const { name, type } = definition;
  if (value === undefined) throw new ClientRefusal('missing_option', `option "${name}" needs a value`);
  if (focused === undefined) checkValue(definition, value);
  else if (focused === name) {
    if (!definition.autocomplete) throw new ClientRefusal('not_autocomplete', `option "${name}" has no autocomplete`);
    // What is being typed is text, also where a number is wanted.
    return { name, type, value: String(value), focused: true };
  }
  return { name, type, value };
}

const mention: readonly number[] = [Type.User, Type.Channel, Type.Role, Type.Mentionable, Type.Attachment];

function checkValue(definition: OptionDefinition, value: string | number | boolean): void {
  const { name, type, choices } = definition;
  const wrong = (what: string) => new ClientRefusal('invalid_option', `option "${name}" ${what}`);
  if (type === Type.Boolean && typeof value !== 'boolean') throw wrong('must be true or false');
  if (mention.includes(type) && typeof value !== 'string') throw wrong('must be an id');
  if (type === Type.String) {
    if (typeof value !== 'string') throw wrong('must be text');
    const { min_length = 0, max_length = 6000 } = definition;
    if (value.length < min_length || value.length > max_length)
      throw wrong(`must have ${min_length} to ${max_length} characters`);
  }
  if (type === Type.Integer || type === Type.Number) {
    if (typeof value !== 'number' || !Number.isFinite(value) || Math.abs(value) > 2 ** 53)
      throw wrong('must be a number between -2^53 and 2^53');
    if (type === Type.Integer && !Number.isInteger(value)) throw wrong('must be a whole number');
    const { min_value = -Infinity, max_value = Infinity } = definition;
    if (value < min_value || value > max_value) throw wrong(`must lie between ${min_value} and ${max_value}`);
  }
  if (choices && choices.length > 0 && !choices.some((choice) => choice.value === value))
    throw wrong(`must be one of ${choices.map((choice) => choice.value).join(', ')}`);
}
