import type { z } from 'zod';
import { PatchbayError } from './errors.ts';

/**
 * Reads settings once, by a schema; the error names each wrong variable and never shows its value (it may be a secret).
 *
 * @throws {PatchbayError} `settings_invalid`
 */
export function parseSettings<S extends z.ZodType>(
  schema: S,
  variables: Record<string, string | undefined>,
): z.output<S> {
  const result = schema.safeParse(variables);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join('.') || 'settings'}: ${issue.message}`);
  throw new PatchbayError('settings_invalid', `Wrong settings. ${problems.join('; ')}`);
}
