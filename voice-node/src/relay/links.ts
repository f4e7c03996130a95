/** Finds links, however they are written. Pure, and linear in the length of the text: it runs beside the audio. */
import { HOLE } from './invisible.ts';

/** Endings of names that make a link without `https://`. Those that are words too (it, no, me, to) are left out. */
const endings =
  'com|net|org|info|biz|io|gg|tv|co|dev|app|xyz|site|online|shop|store|club|link|click|live|top|vip|icu|pro|ly|ws|tk|ml|ga|cf|gq|su|pw|eu|uk|de|fr|ru|cn|jp|br|nl|pl|es|ch|cz|tech|cloud|games?|news|blog|wiki|chat|moe|lol|cc';
const label = '[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]{0,61}[\\p{L}\\p{N}])?';
const name = `(?<![\\p{L}\\p{N}_.-])(?:${label}\\.){1,30}`;
const link = new RegExp(
  [
    // With a scheme: https://, steam://, whatever.
    '<?[a-z][a-z0-9+.-]{1,20}:/{2,}\\S+',
    // www.example.it, example.com/x:
    '(?<![\\p{L}\\p{N}])www\\.\\S+',
    `${name}(?:${endings})(?![\\p{L}\\p{N}-])(?::\\d{1,5})?(?:[/?#]\\S*)?`,
    // Any name with a path: discord.me/x
    `${name}\\p{L}{2,24}(?::\\d{1,5})?/[^\\s/]\\S*`,
  ].join('|'),
  'giu',
);

/** Stops and strokes that look like, or are taken for, those of a link. */
const lookalikes: Readonly<Record<string, string>> = {
  '。': '.',
  '｡': '.',
  '∕': '/',
  '⁄': '/',
  '⧸': '/',
  '꞉': ':',
  '∶': ':',
};
const ascii = /^[\x20-\x7E]+$/;

/** The text with every character that means an ASCII one as that, and where in the text each came from. */
function folded(text: string): { plain: string; origin: number[] } {
  let plain = '';
  const origin: number[] = [];
  let at = 0;
  for (const character of text) {
    const normal = character < '\x80' ? character : (lookalikes[character] ?? character.normalize('NFKC'));
    const shown = ascii.test(normal) ? normal : character;
    for (let index = 0; index < shown.length; index += 1) origin.push(at);
    plain += shown;
    at += character.length;
  }
  origin.push(at);
  return { plain, origin };
}

/**
 * The text with a {@link HOLE} for each link. Of a masked link its words stay.
 *
 * @example withoutLinks('[free](https://x.y) stuff') // 'free \uE000 stuff'
 */
export function withoutLinks(text: string): string {
  const { plain, origin } = folded(text);
  let kept = '';
  let from = 0;
  for (const match of plain.matchAll(link)) {
    const start = origin[match.index] ?? 0;
    kept += text.slice(from, start) + HOLE;
    from = origin[match.index + match[0].length] ?? text.length;
  }
  kept += text.slice(from);
  return kept.replace(/\[([^[\]\n]{0,200})\]\([^\S\n]{0,9}\uE000\)?/g, `$1 ${HOLE}`);
}
