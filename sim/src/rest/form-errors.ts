/**
 * Zod's issues in Discord's words: the codes and texts of error code 50035's tree
 * (https://discord.com/developers/docs/reference#error-messages).
 */
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;
export interface FormError {
  code: string;
  message: string;
}

/** For `refine` and `superRefine`: an issue that carries Discord's own code. */
export function formIssue(code: string, message: string, path: PropertyKey[] = []) {
  return { code: 'custom' as const, message, path, params: { discordCode: code } };
}

/** Discord's words for one issue. The schema must have been run with `reportInput`, so that a missing field shows. */
export function formErrorOf(issue: Issue): FormError {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? required : wrongType(issue.expected, issue.input);
    case 'too_big':
      return size(issue.origin, `${issue.maximum}`, 'MAX');
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum === 1) return required;
      return size(issue.origin, `${issue.minimum}`, 'MIN');
    case 'invalid_value':
      return issue.input === undefined ? required : choices(issue.values);
    case 'invalid_union':
      if (!('options' in issue) || !issue.discriminator)
        return { code: 'UNION_TYPE_CHOICES', message: 'Value has no valid type.' };
      return unionChoices(issue.options ?? [], issue.discriminator);
    case 'invalid_format':
      if (issue.message === notSnowflake)
        return { code: 'NUMBER_TYPE_COERCE', message: `Value "${String(issue.input)}" is not snowflake.` };
      return { code: 'STRING_TYPE_REGEX', message: issue.message };
    case 'custom': {
      const code: unknown = issue.params?.discordCode;
      return { code: typeof code === 'string' ? code : 'BASE_TYPE_INVALID', message: issue.message };
    }
    default:
      return { code: issue.code.toUpperCase(), message: issue.message };
  }
}

/** The message by which a schema says that a string should have been an id. */
export const notSnowflake = 'Value is not snowflake.';

const required: FormError = { code: 'BASE_TYPE_REQUIRED', message: 'This field is required' };

export function unionChoices(options: readonly unknown[], discriminator = 'type'): FormError {
  const list = options.length === 1 ? `${String(options[0])},` : options.map(String).join(', ');
  return { code: 'UNION_TYPE_CHOICES', message: `Value of field "${discriminator}" must be one of (${list}).` };
}

function choices(values: readonly unknown[]): FormError {
  const list = values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value))).join(', ');
  return { code: 'BASE_TYPE_CHOICES', message: `Value must be one of {${list}}.` };
}

function wrongType(expected: string, input: unknown): FormError {
  const shown = typeof input === 'object' ? JSON.stringify(input) : String(input);
  switch (expected) {
    case 'string':
      return { code: 'STRING_TYPE_CONVERT', message: `Could not interpret "${shown}" as string.` };
    case 'boolean':
      return { code: 'BOOLEAN_TYPE_CONVERT', message: 'Must be either true or false.' };
    case 'array':
      return { code: 'LIST_TYPE_CONVERT', message: 'Only iterables may be used in a ListType' };
    case 'object':
      return { code: 'MODEL_TYPE_CONVERT', message: 'Only dictionaries may be used in a ModelType' };
    case 'number':
    case 'int':
      return { code: 'NUMBER_TYPE_COERCE', message: `Value "${shown}" is not int.` };
    default:
      return { code: 'BASE_TYPE_INVALID', message: `Value "${shown}" is not ${expected}.` };
  }
}

function size(origin: string, bound: string, side: 'MIN' | 'MAX'): FormError {
  const [less, word] = side === 'MAX' ? ['less', 'fewer'] : ['greater', 'more'];
  if (origin === 'string')
    return { code: `BASE_TYPE_${side}_LENGTH`, message: `Must be ${bound} or ${word} in length.` };
  if (origin === 'array')
    return { code: `BASE_TYPE_${side}_LENGTH`, message: `Must be ${bound} or ${word} in length.` };
  return { code: `NUMBER_TYPE_${side}`, message: `int value should be ${less} than or equal to ${bound}.` };
}
