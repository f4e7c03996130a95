/**
 * Where the words of a clip lie, found from its sound: the pauses at punctuation first, then the quietest instants near where
 * each boundary would be if every letter took equally long.
 */
import type { ClipWord } from '../clips/clip.ts';
import { FRAME_SAMPLES } from './fourier.ts';
import { HEARING_RATE } from './resampler.ts';
import { Framer, HOP_SAMPLES } from './spectrogram.ts';

/** Frames this far under the loudest are no speech: −35 dB. */
const UNDER_LOUDEST = 10 ** -3.5;
/** A pause at punctuation is looked for so far from where it should be, in frames: 300 ms. */
const PAUSE_SEARCH = 38;
/** Other boundaries: 40 ms. */
const DIP_SEARCH = 5;

/** Small words that English speaks fast. */
const UNSTRESSED = new Set(
  'a an and are at but can do for from have i in is it of on our the this to us we will with you'.split(' '),
);

/** How long a word takes beside others: mostly its vowels; less when it is not stressed. */
function weightOf(word: string): number {
  const letters = word.toLowerCase().replace(/[^a-z]/g, '');
  const vowels = letters.match(/[aeiouy]+/g)?.length ?? 0;
  return (0.3 + letters.length * 0.6 + vowels * 0.7) * (UNSTRESSED.has(letters) ? 0.65 : 1);
}

/** Boundaries between `words` in the frames `first` to `last`, each drawn to the lowest level nearby. */
function boundaries(words: string[], levels: readonly number[], first: number, last: number): number[] {
  const total = words.reduce((sum, word) => sum + weightOf(word), 0);
  const result: number[] = [];
  let weight = 0;
  for (const word of words.slice(0, -1)) {
    weight += weightOf(word);
    const expected = Math.round(first + ((last - first) * weight) / total);
    const earliest = Math.max(expected - DIP_SEARCH, (result.at(-1) ?? first) + 3);
    let best = Math.max(expected, earliest);
    for (let frame = earliest; frame <= Math.min(expected + DIP_SEARCH, last - 3); frame += 1) {
      if ((levels[frame] ?? 0) < (levels[best] ?? 0)) best = frame;
    }
    result.push(best);
  }
  return result;
}

/** The longest quiet run near `expected`, if there is one. */
function pauseNear(isSpeech: readonly boolean[], expected: number): { from: number; to: number } | undefined {
  let best: { from: number; to: number } | undefined;
  let from = -1;
  for (let frame = Math.max(0, expected - PAUSE_SEARCH); frame <= expected + PAUSE_SEARCH; frame += 1) {
    if (isSpeech[frame] === false && from < 0) from = frame;
    if ((isSpeech[frame] !== false || frame === expected + PAUSE_SEARCH) && from >= 0) {
      if (!best || frame - from > best.to - best.from) best = { from, to: frame };
      from = -1;
    }
  }
  return best && best.to - best.from >= 3 ? best : undefined;
}

/**
 * The words of `text` with their times in seconds from the start of `samples` (16 kHz).
 *
 * @example placeWords(decodeAll(clip.packets), 'Fair winds, and good night.')
 */
export function placeWords(samples: Float32Array, text: string): ClipWord[] {
  const levels = new Framer().push(samples).map(({ level }) => level);
  const loudest = levels.reduce((highest, level) => Math.max(highest, level), 0);
  const isSpeech = levels.map((level) => level > loudest * UNDER_LOUDEST);
  const phrases = text.split(/(?<=[,.?!;:])\s+/).map((phrase) => phrase.split(/\s+/));
  const [first, last] = [isSpeech.indexOf(true), isSpeech.lastIndexOf(true)];
  const total = phrases.flat().reduce((sum, word) => sum + weightOf(word), 0);
  const words: ClipWord[] = [];
  let from = first;
  let weight = 0;
  for (const [index, phrase] of phrases.entries()) {
    weight += phrase.reduce((sum, word) => sum + weightOf(word), 0);
    const expected = Math.round(first + ((last - first) * weight) / total);
    const pause = index === phrases.length - 1 ? undefined : pauseNear(isSpeech, expected);
    const to = index === phrases.length - 1 ? last : (pause?.from ?? expected);
    const cuts = [from, ...boundaries(phrase, levels, from, to), to];
    for (const [position, word] of phrase.entries()) {
      words.push({ word, start: secondsAt(cuts[position] ?? from), end: secondsAt(cuts[position + 1] ?? to) });
    }
    from = pause?.to ?? to;
  }
  return words;
}

/** The middle of a frame, to the millisecond. */
function secondsAt(frame: number): number {
  return Math.round(((frame * HOP_SAMPLES + FRAME_SAMPLES / 2) / HEARING_RATE) * 1000) / 1000;
}
