import { expect, test } from 'vitest';
import { refusals, successes } from '../../guild/replies.ts';
import { en, type TextKey } from './en.ts';
import { it } from './it.ts';
import { isTextKey, languageOf, localized, text } from './texts.ts';

const names = (sentence: string) => [...sentence.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

test('every text is there in both languages, with the same names to fill in, and none is empty', () => {
  expect(Object.keys(it).sort()).toEqual(Object.keys(en).sort());
  const wrong = (Object.keys(en) as TextKey[]).filter(
    (key) => it[key].trim() === '' || String(names(it[key])) !== String(names(en[key])),
  );
  expect(wrong).toEqual([]);
});

test('every code that a server answers with has its sentence', () => {
  expect([...refusals, ...successes].filter((code) => !isTextKey(`answer.${code}`))).toEqual([]);
});

test('Italian for Italians, else for an Italian server, else English', () => {
  expect(languageOf('it')).toBe('it');
  expect(languageOf('en-GB', 'it')).toBe('en');
  expect(languageOf('fr', 'it')).toBe('it');
  expect(languageOf('fr', 'de')).toBe('en');
  expect(languageOf(undefined, undefined)).toBe('en');
  // No own property of the table.
  expect(languageOf('constructor')).toBe('en');
});

test('names are filled in, and what was not given stays visible', () => {
  expect(text('it', 'status.place', { place: 2 })).toBe('Posto in coda: 2.');
  expect(text('en', 'status.place')).toContain('{place}');
  expect(localized('command.call')).toEqual({ it: 'chiamata' });
});
