/** Text of one server made harmless for another: it pings nobody, links nowhere, and cannot leave its place. Pure. */
import { HOLE, visible } from './invisible.ts';
import { withoutLinks } from './links.ts';
import type { RelayWords } from './words.ts';

/** Names for what a text mentions, by id; what is not known becomes a word. */
export interface MentionNames {
  users: ReadonlyMap<string, string>;
  channels: ReadonlyMap<string, string>;
}

/** The longest text that Discord lets anybody write. */
const INPUT_LIMIT = 4_000;
const NAME_LIMIT = 64;

/** Everything that Discord turns into something else, and holes where something was taken out. */
const special =
  /(?<hole>\uE000)|(?<bars>\|\|)|<@!?(?<user>\d{1,20})>|(?<role><@&\d{1,20}>)|<#(?<channel>\d{1,20})>|<a?:(?<emoji>\w{1,64}):\d{1,20}>|<\/(?<command>[^:<>\n]{1,100}):\d{1,20}>|(?<place><id:[\w:-]{1,64}>)|(?<sound><sound:[\d:]{1,60}>)|(?<time><t:-?\d{1,16}(?::[tTdDfFR])?>)/gi;
/** Whatever it was put together from. */
const everyone = /@+(?=everyone|here)/gi;
/** What begins markup anywhere, and what does so at the start of a line. */
const inline = /[\\*_~|`<[\]]/g;
const atLineStart = /(\n[^\S\n]*)([#>-])/g;

/** A backslash before everything that Discord would take for markup; it is read as it was written. */
const escaped = (text: string): string => text.replace(inline, '\\$&').replace(atLineStart, '$1\\$2');

/** A text in pieces that must not be cut apart. `spoiler` marks where a spoiler begins or ends. */
interface Piece {
  text: string;
  spoiler?: true;
}

const pieces = (text: string): Piece[] =>
  (escaped(text).match(/\\[\s\S]|[\s\S]/gu) ?? []).map((piece): Piece => ({ text: piece }));

function parse(text: string, names: MentionNames, words: RelayWords): Piece[] {
  const found: Piece[] = [];
  const matches = [...text.matchAll(special)];
  // The last one of an odd number opens nothing.
  let spoilers = Math.floor(matches.filter(({ groups }) => groups?.bars).length / 2) * 2;
  let from = 0;
  for (const match of matches) {
    found.push(...pieces(text.slice(from, match.index)));
    from = match.index + match[0].length;
    const { hole, bars, user, role, channel, emoji, command, place, sound, time } = match.groups ?? {};
    if (hole) found.push({ text: /[([]/.test(text[from] ?? '') ? `${words.link} ` : words.link });
    else if (bars && spoilers > 0) {
      spoilers -= 1;
      found.push({ text: bars, spoiler: true });
    } else if (bars) found.push(...pieces(bars));
    else if (user) found.push(...pieces(`@${nameText(names.users.get(user) ?? '') || words.someone}`));
    else if (role) found.push(...pieces(`@${words.role}`));
    else if (channel) found.push(...pieces(`#${nameText(names.channels.get(channel) ?? '') || words.channel}`));
    else if (emoji) found.push(...pieces(`:${emoji}:`));
    else if (command) found.push(...pieces(`/${command}`));
    else if (place) found.push(...pieces(`#${words.channel}`));
    else if (sound) found.push({ text: words.sound });
    else if (time) found.push({ text: time });
  }
  found.push(...pieces(text.slice(from)));
  return found;
}

export interface SafeText {
  text: string;
  /** A link was taken out. */
  links: boolean;
  /** Its end was left out. */
  cut: boolean;
}

/** The text as the other side reads it, in `limit` characters at most. */
export function safeText(content: string, names: MentionNames, words: RelayWords, limit: number): SafeText {
  const seen = visible(content.slice(0, INPUT_LIMIT));
  const text = withoutLinks(seen.replace(/\n{3,}/g, '\n\n').trim());
  const all = parse(text, names, words);
  const links = text.includes(HOLE);
  const length = all.reduce((sum, piece) => sum + piece.text.length, 0);
  if (length <= limit) return { text: joined(all), links, cut: false };
  // Room for the end of a spoiler and the ellipsis.
  let room = limit - 3;
  const end = all.findIndex((piece) => {
    room -= piece.text.length;
    return room < 0;
  });
  const kept = all.slice(0, end);
  const open = kept.filter((piece) => piece.spoiler).length % 2 === 1;
  return { text: `${joined(kept)}${open ? '||' : ''}…`, links, cut: true };
}

const joined = (all: readonly Piece[]): string =>
  all
    .map((piece) => piece.text)
    .join('')
    .replace(everyone, '');

/** A name without anything in it but a name; not escaped yet. */
function nameText(name: string): string {
  const seen = visible(name).replace(/\s+/g, ' ').trim();
  return [...withoutLinks(seen).replaceAll(HOLE, '…').replace(everyone, '')].slice(0, NAME_LIMIT).join('');
}

/** A name to be put between others' markup: escaped; empty when nothing is left of it. */
export const safeName = (name: string): string => escaped(nameText(name));
