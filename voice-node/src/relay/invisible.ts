/** Characters that nobody sees: they hide links from filters, turn the direction of text, and forge names. Pure. */

/** Stands for what was taken out of a text; never a part of one. */
export const HOLE = '\uE000';

/** Line separators of all kinds. */
const lineBreaks = /\r\n?|[\v\f\u0085\u2028\u2029]/g;
/** Control characters but the line feed, and what Unicode calls ignorable but joiners and emoji's variation selectors. */
const hidden = /(?!\n|\u200C|\u200D|\uFE0E|\uFE0F)[\p{Cc}\p{DI}\u2800\uFFF9-\uFFFB\uE000]/gu;
/** Joiners and variation selectors belong to emoji and to scripts that join their letters; elsewhere they only hide. */
const joiners = /\u200C|\u200D|\uFE0E|\uFE0F/gu;
const pictured = /(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\uFE0F)$/u;
const joining =
  /[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gujarati}\p{Script=Gurmukhi}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Mongolian}\p{Script=Myanmar}\p{Script=Oriya}\p{Script=Sinhala}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Khmer}]$/u;
/** More marks on one letter than any language needs. */
const heaped = /(\p{M}{6})\p{M}+/gu;

/**
 * The text as it is seen: one kind of line break, nothing invisible, no change of direction.
 *
 * @example visible('disc\u200Bord.gg/x') // 'discord.gg/x'
 */
export function visible(text: string): string {
  const plain = text.replace(lineBreaks, '\n').replaceAll('\t', ' ').replace(hidden, '');
  return plain
    .replace(joiners, (mark, at: number) => {
      const before = plain.slice(Math.max(0, at - 2), at);
      return pictured.test(before) || (joining.test(before) && mark < '\uFE00') ? mark : '';
    })
    .replace(heaped, '$1');
}
