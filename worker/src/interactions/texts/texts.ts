/** The one table of texts: which language a person reads, and a text in it. Pure. */
import { en, type TextKey } from './en.ts';
import { it } from './it.ts';

export type { TextKey };
/** A key that also has a description, `KEY.about`. */
export type NamedKey = { [K in TextKey]: `${K}.about` extends TextKey ? K : never }[TextKey];

const tables = { en, it } satisfies Record<string, Record<TextKey, string>>;
export type Language = keyof typeof tables;
/** Languages besides the one in which commands are registered, by Discord's locales. */
const translations = { it: ['it'] } satisfies Partial<Record<Language, readonly string[]>>;

/** The language of the first locale that we speak: the person's, then the server's; else English. */
export function languageOf(...locales: readonly (string | undefined)[]): Language {
  for (const locale of locales) {
    const primary = locale?.split('-')[0];
    if (primary !== undefined && Object.hasOwn(tables, primary)) return primary as Language;
  }
  return 'en';
}

/**
 * A text, its `{names}` filled in.
 *
 * @example text('it', 'status.place', { place: 2 }) // 'Posto in coda: 2.'
 */
export function text(language: Language, key: TextKey, values: Record<string, string | number> = {}): string {
  return tables[language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A text in every other language, as Discord takes it beside the English one. */
export function localized(key: TextKey): Record<string, string> {
  return Object.fromEntries(
    Object.entries(translations).flatMap(([language, locales]) =>
      locales.map((locale) => [locale, tables[language as Language][key]]),
    ),
  );
}

export const isTextKey = (key: string): key is TextKey => Object.hasOwn(en, key);
