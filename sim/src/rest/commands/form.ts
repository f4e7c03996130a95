/** Error trees of application commands, with Discord's codes and sentences. */
import { RESTJSONErrorCodes } from 'discord-api-types/v10';
import { z } from 'zod';
import { ApiError } from '../errors.ts';

interface FieldError {
  code: string;
  message: string;
}

/** For `addIssue` and `refine`: an issue that comes out with this code and sentence. */
export const fault = (code: string, message: string) => ({ code: 'custom' as const, message, params: { code } });

/** Parses, or throws 50035 with the tree that points at each wrong field. */
export function parseForm<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body, { reportInput: true });
  if (result.success) return result.data;
  const tree: Record<string, unknown> = {};
  for (const issue of result.error.issues) {
    let node = tree;
    for (const part of issue.path) {
      const key = String(part);
      const child = (node[key] as Record<string, unknown> | undefined) ?? {};
      node[key] = child;
      node = child;
    }
    node._errors = [...((node._errors as FieldError[] | undefined) ?? []), fieldError(issue)];
  }
  throw new ApiError(400, RESTJSONErrorCodes.InvalidFormBodyOrContentType, 'Invalid Form Body', tree);
}

function fieldError(issue: z.core.$ZodIssue): FieldError {
  switch (issue.code) {
    case 'custom':
      return { code: String(issue.params?.code ?? 'BASE_TYPE_INVALID'), message: issue.message };
    case 'invalid_type':
      return issue.input === undefined
        ? { code: 'BASE_TYPE_REQUIRED', message: 'This field is required' }
        : { code: 'BASE_TYPE_CONVERT', message: `Could not interpret value as ${issue.expected}.` };
    case 'too_big':
      if (issue.origin === 'number')
        return { code: 'NUMBER_TYPE_MAX', message: `int value should be less than or equal to ${issue.maximum}.` };
      return { code: 'BASE_TYPE_MAX_LENGTH', message: `Must be ${issue.maximum} or fewer in length.` };
    case 'too_small':
      if (issue.origin === 'number')
        return { code: 'NUMBER_TYPE_MIN', message: `int value should be greater than or equal to ${issue.minimum}.` };
      return { code: 'BASE_TYPE_MIN_LENGTH', message: `Must be ${issue.minimum} or more in length.` };
    case 'invalid_value':
      return { code: 'BASE_TYPE_CHOICES', message: `Value must be one of {${issue.values.map(String).join(', ')}}.` };
    case 'unrecognized_keys':
      return { code: 'BASE_TYPE_CHOICES', message: `Not known: ${issue.keys.join(', ')}.` };
    default:
      return { code: 'BASE_TYPE_INVALID', message: issue.message };
  }
}

/** A string whose length Discord states as a range. */
export function text(minimum: number, maximum: number) {
  return z.string().superRefine((value, context) => {
    if (value.length >= minimum && value.length <= maximum) return;
    context.addIssue(fault('BASE_TYPE_BAD_LENGTH', `Must be between ${minimum} and ${maximum} in length.`));
  });
}
