import { expect, test } from 'vitest';
import { crossFade, isQuiet, ramp } from './fade.ts';

const frame = (value: number) => new Int16Array(1920).fill(value);

test('a ramp goes from one gain to another and stays there, both channels alike', () => {
  const faded = ramp(frame(1000), 0, 1, 240);
  expect([faded[0], faded[1], faded[240], faded[241], faded[480], faded[1919]]).toEqual([0, 0, 500, 500, 1000, 1000]);
});

test('a cross-fade begins with the one, ends with the other, and keeps what is alike in both', () => {
  const faded = crossFade(frame(1000), frame(-1000));
  expect([faded[0], faded[960], Math.round((faded[1919] ?? 0) / 10)]).toEqual([1000, 0, -100]);
  expect(crossFade(frame(700), frame(700))).toEqual(frame(700));
});

test('quiet is what stays under −54 dB', () => {
  expect(isQuiet(frame(63))).toBe(true);
  expect(isQuiet(frame(64))).toBe(false);
});
