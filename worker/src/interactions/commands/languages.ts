/** Languages that can be chosen for a channel, named in the reader's own. Pure. */
import type { Choice, CommandContext } from '../command.ts';
import type { Language } from '../texts/texts.ts';

/** Primary tags of BCP 47: the languages of Discord's client, and the most spoken besides. */
const tags =
  'ar bg bn ca cs da de el en es et eu fa fi fil fr gl gu he hi hr hu id it ja ka kn ko lt lv mk ml mr ms nl no pa pl pt ro ru sk sl sq sr sv sw ta te th tr uk ur vi zh'.split(
    ' ',
  );

/** A language's name, such as `Italian` or `italiano`. */
export function languageName(reader: Language, tag: string): string {
  return new Intl.DisplayNames(reader, { type: 'language' }).of(tag) ?? tag;
}

/** The languages whose name or tag fits what was typed. */
export function languageChoices(reader: Language, typed: string): Choice[] {
  return tags
    .map((tag) => ({ name: `${languageName(reader, tag)} (${tag})`, value: tag }))
    .filter(({ name }) => name.toLowerCase().includes(typed))
    .sort((a, b) => a.name.localeCompare(b.name, reader));
}

/** Several languages at once, as the transcription service calls it; and "as it is set further up". */
const MULTI = 'multi';
const DEFAULT = 'default';

/** A language of captions as people read it. */
export const captionLanguageName = ({ language, say }: CommandContext, tag: string): string =>
  tag === MULTI ? say('caption-language.multi') : languageName(language, tag);

/** What captions can be in: the languages, several at once, or back to the default. */
export function captionLanguageChoices({ language, say }: CommandContext, typed: string): Choice[] {
  const own = [
    { name: say('caption-language.default'), value: DEFAULT },
    { name: say('caption-language.multi'), value: MULTI },
  ].filter(({ name, value }) => `${name} ${value}`.toLowerCase().includes(typed));
  return [...own, ...languageChoices(language, typed)];
}
