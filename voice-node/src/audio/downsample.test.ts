import { expect, test } from 'vitest';
import { Downsampler } from './downsample.ts';

/** A tone in both channels of stereo at 48 kHz. */
const tone = (hertz: number, seconds: number): Int16Array =>
  Int16Array.from({ length: 96_000 * seconds }, (_, index) =>
    Math.round(10_000 * Math.sin((2 * Math.PI * hertz * Math.floor(index / 2)) / 48_000)),
  );

/** In packets of 20 ms, as they come. */
function through(stereo: Int16Array, downsampler = new Downsampler()): Int16Array {
  const pieces: number[] = [];
  for (let at = 0; at < stereo.length; at += 1_920) pieces.push(...downsampler.push(stereo.subarray(at, at + 1_920)));
  return Int16Array.from(pieces);
}
const decibels = (samples: Int16Array): number => {
  const steady = samples.subarray(200);
  const power = steady.reduce((sum, sample) => sum + sample * sample, 0) / steady.length;
  return 10 * Math.log10(Math.max(power, 1e-9) / (10_000 ** 2 / 2));
};

test('speech stays as it is, and what would fold back is gone', () => {
  for (const hertz of [100, 1_000, 3_400, 5_500]) expect(Math.abs(decibels(through(tone(hertz, 1))))).toBeLessThan(0.1);
  for (const hertz of [8_800, 9_150, 12_000, 20_000]) expect(decibels(through(tone(hertz, 1)))).toBeLessThan(-65);
});

test('a third as many samples come out, and packet borders are not heard', () => {
  const stereo = tone(700, 0.4);
  const whole = new Downsampler().push(stereo);
  expect(whole.length).toBe(6_400);
  expect(through(stereo)).toEqual(whole);
});

test('channels are mixed, and full scale does not wrap', () => {
  const opposite = Int16Array.from({ length: 1_920 }, (_, index) => (index % 2 === 0 ? 8_000 : -8_000));
  expect(new Downsampler().push(opposite).every((sample) => sample === 0)).toBe(true);
  const square = Int16Array.from({ length: 9_600 }, (_, index) =>
    Math.floor(index / 240) % 2 === 0 ? 32_767 : -32_768,
  );
  const out = through(square);
  expect(out.some((sample, index) => index > 60 && Math.abs(sample - (out[index - 1] ?? 0)) > 60_000)).toBe(false);
});
