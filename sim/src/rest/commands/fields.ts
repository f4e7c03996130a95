/** Names, descriptions and their translations (https://discord.com/developers/docs/interactions/application-commands). */
import { Locale } from 'discord-api-types/v10';
import { z } from 'zod';
import { fault, text } from './form.ts';

const namePattern = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u;
const invalidName = fault('APPLICATION_COMMAND_INVALID_NAME', 'Command name is invalid');

/** Names of slash commands and of all options: one word, in lower case where its script has one. */
export const slashName = text(1, 32).superRefine((value, context) => {
  if (value.length < 1 || value.length > 32) return;
  if (!namePattern.test(value) || value !== value.toLowerCase()) context.addIssue(invalidName);
});
/** Names in menus: any case, spaces inside. */
export const menuName = text(1, 32).superRefine((value, context) => {
  if (value.length > 0 && value.trim() === '') context.addIssue(invalidName);
});
export const description = text(1, 100);

const locales: ReadonlySet<string> = new Set(Object.values(Locale));

/** Translations by locale, each held to the rule of what it translates; null takes one away. */
export function localizations(schema: z.ZodType<string>) {
  return z
    .record(z.string(), schema.nullable())
    .superRefine((translations, context) => {
      for (const locale of Object.keys(translations)) {
        if (locales.has(locale)) continue;
        const message = `Value must be one of {${[...locales].join(', ')}}.`;
        context.addIssue({ ...fault('BASE_TYPE_CHOICES', message), path: [locale] });
      }
    })
    .nullish();
}
