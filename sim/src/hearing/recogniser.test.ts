import { Decoder, Encoder } from '@evan/opus';
import { expect, test } from 'vitest';
import type { Clip } from '../clips/clip.ts';
import { loadClips } from '../clips/library.ts';
import { decodeAll, samplesOf } from './decode.ts';
import { type HeardWord, Recogniser } from './recogniser.ts';
import { HEARING_RATE, Resampler } from './resampler.ts';
import { SoundLibrary } from './sound-library.ts';
import { Framer } from './spectrogram.ts';

const clips = await loadClips();
const names = [...clips.keys()];
const library = new SoundLibrary(clips.values());
const clip = (name: string): Clip => clips.get(name) as Clip;
const sounds = new Map([...clips].map(([name, { packets }]) => [name, decodeAll(packets)]));
const sound = (name: string): Float32Array => sounds.get(name) as Float32Array;

const silence = (seconds: number): Float32Array => new Float32Array(Math.round(seconds * HEARING_RATE));
const join = (...pieces: Float32Array[]): Float32Array => Float32Array.from(pieces.flatMap((piece) => [...piece]));
const louder = (samples: Float32Array, decibels: number): Float32Array =>
  samples.map((sample) => sample * 10 ** (decibels / 20));
const mixed = (left: Float32Array, right: Float32Array): Float32Array =>
  left.map((sample, index) => sample + (right[index] ?? 0));
const tone = (hertz: number, peak: number, seconds: number): Float32Array =>
  silence(seconds).map((_, index) => peak * Math.sin((2 * Math.PI * hertz * index) / HEARING_RATE));
/** White noise at so many decibels (RMS) of full scale, the same at every run. */
function noise(decibels: number, seconds: number): Float32Array {
  let seed = 1;
  const peak = Math.sqrt(3) * 10 ** (decibels / 20);
  return silence(seconds).map(() => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (seed / 0x40000000 - 1) * peak;
  });
}

/** All words heard in samples at 16 kHz that arrive in messages of 50 ms. */
function hear(samples: Float32Array, known = library): HeardWord[] {
  const [framer, recogniser] = [new Framer(), new Recogniser(known)];
  const words: HeardWord[] = [];
  for (let start = 0; start < samples.length; start += 800) {
    for (const frame of framer.push(samples.subarray(start, start + 800))) words.push(...recogniser.push(frame));
  }
  return words;
}
const textOf = (words: HeardWord[]): string => words.map(({ word }) => word).join(' ');
const after = silence(0.3);

/** What `change` leaves of each clip's text. */
const heardOfAll = (change: (name: string, samples: Float32Array) => Float32Array) =>
  names.map((name) => textOf(hear(join(change(name, sound(name)), after))));
const texts = names.map((name) => clip(name).text);

test('every clip is heard at any offset and level, with its words where they lie', () => {
  expect(heardOfAll((_, samples) => join(silence(0.7317), louder(samples, -12)))).toEqual(texts);
  expect(heardOfAll((_, samples) => louder(samples, 6))).toEqual(texts);
  for (const name of names) {
    const words = hear(join(silence(2.345), sound(name), after));
    for (const [index, { start, end }] of (clip(name).words ?? []).entries()) {
      expect(words[index]?.start).toBeCloseTo(2.345 + start, 1);
      expect(words[index]?.end).toBeCloseTo(2.345 + end, 1);
    }
  }
});

test('every clip is heard after a second Opus generation and down from 48 kHz', () => {
  const again = names.map((name) => {
    const encoder = new Encoder({ channels: 1, sample_rate: 16_000, application: 'voip' });
    encoder.bitrate = 20_000;
    const source = join(silence(0.107), sound(name), after);
    const packets: Uint8Array[] = [];
    for (let start = 0; start + 320 <= source.length; start += 320) {
      const frame = Int16Array.from(source.subarray(start, start + 320), (sample) => sample * 32_767);
      packets.push(Uint8Array.from(encoder.encode(frame)));
    }
    return textOf(hear(decodeAll(packets)));
  });
  expect(again).toEqual(texts);
  const from48 = names.map((name) => {
    const decoder = new Decoder({ channels: 1, sample_rate: 48_000 });
    const down = new Resampler(48_000);
    const pieces = clip(name).packets.map((packet) => down.push(samplesOf(decoder.decode(packet))));
    return textOf(hear(join(...pieces, after)));
  });
  expect(from48).toEqual(texts);
});

test('noise, a stray tone or another clip underneath changes nothing', () => {
  // 30 dB below the clips' peaks.
  expect(heardOfAll((_, samples) => mixed(samples, noise(-37, 3)))).toEqual(texts);
  expect(heardOfAll((_, samples) => mixed(samples, tone(1_234, 0.04, 3)))).toEqual(texts);
  const other = (name: string) => sound(names[(names.indexOf(name) + 4) % names.length] as string);
  expect(heardOfAll((name, samples) => mixed(samples, louder(other(name), -15)))).toEqual(texts);
});

test('a clip without its first 300 ms, with lost packets, or cut off gives the words that were heard', () => {
  expect(textOf(hear(join(sound('ben-2').subarray(4_800), after)))).toBe('dice are loaded, but do not tell.');
  const zeroed = (samples: Float32Array) =>
    samples.map((sample, index) => (Math.floor(index / 320) % 29 === 11 ? 0 : sample));
  expect(heardOfAll((_, samples) => zeroed(samples))).toEqual(texts);
  const excised = (samples: Float32Array) => join(samples.subarray(0, 16_000), samples.subarray(16_000 + 1_280));
  expect(textOf(hear(join(excised(sound('dan-2')), after)))).toMatch(/^It is snowing .*and we have cake\.$/);
  expect(textOf(hear(join(sound('ben-2').subarray(0, 1.2 * HEARING_RATE), silence(2))))).toBe('Our dice are loaded,');
  const interrupted = hear(join(sound('ben-2').subarray(0, 1.2 * HEARING_RATE), sound('cleo-2'), after));
  expect(textOf(interrupted)).toBe('Our dice are loaded, Which game are you playing?');
});

test('clips back to back, the same one twice too, are heard one after the other, each word once', () => {
  const line = ['ada-1', 'dan-3', 'dan-3', 'cleo-1'];
  const words = hear(join(...line.map(sound), after));
  expect(textOf(words)).toBe(line.map((name) => clip(name).text).join(' '));
  expect(words.every(({ start }, index) => index === 0 || start >= (words[index - 1]?.start ?? 0))).toBe(true);
});

test('what is no known clip gives nothing: silence, noise, tones, the quiet tone of a clip, a clip not in the library', () => {
  expect(hear(silence(3))).toEqual([]);
  expect(hear(noise(-20, 5))).toEqual([]);
  expect(hear(mixed(tone(440, 0.3, 4), tone(1_900, 0.2, 4)))).toEqual([]);
  expect(hear(tone(clip('ada-1').toneHz % 8_000, 0.025, 3))).toEqual([]);
  for (const name of ['ada-3', 'ben-1', 'cleo-2', 'dan-2']) {
    const others = new SoundLibrary([...clips.values()].filter((each) => each.name !== name));
    expect(textOf(hear(join(sound(name), after), others))).toBe('');
  }
});
