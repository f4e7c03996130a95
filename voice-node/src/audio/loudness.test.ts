import { expect, test } from 'vitest';
import { LIMITER_DELAY, Limiter } from './limiter.ts';
import { LoudnessMeter } from './loudness.ts';
import { ratioOf, TruePeakMeter } from './true-peak.ts';

const rate = 48_000;
/** Seconds of a sine in both channels. */
function sine(frequency: number, seconds: number, level: number, phase = 0): Float32Array {
  const pcm = new Float32Array(seconds * rate * 2);
  for (let index = 0; index < pcm.length; index += 2) {
    const value = level * Math.sin((2 * Math.PI * frequency * (index / 2)) / rate + phase);
    pcm[index] = value;
    pcm[index + 1] = value;
  }
  return pcm;
}
const loudnessOf = (...parts: Float32Array[]): number => {
  const meter = new LoudnessMeter();
  for (const part of parts) meter.add(part);
  return meter.integrated;
};

// The signals and tolerances of EBU Tech 3341, table 1: stereo sines of 1 kHz; a peak of −23 dBFS reads −23 LUFS.
test.each([
  [1, [[20, -23]], -23],
  [2, [[20, -33]], -33],
  [
    3,
    [
      [10, -36],
      [60, -23],
      [10, -36],
    ],
    -23,
  ],
  [
    4,
    [
      [10, -72],
      [10, -36],
      [60, -23],
      [10, -36],
      [10, -72],
    ],
    -23,
  ],
  [
    5,
    [
      [20, -26],
      [20.1, -20],
      [20, -26],
    ],
    -23,
  ],
] as const)('minimum requirement %i of EBU Tech 3341', (_, parts, expected) => {
  const measured = loudnessOf(...parts.map(([seconds, dB]) => sine(1000, seconds, ratioOf(dB))));
  expect(Math.abs(measured - expected)).toBeLessThanOrEqual(0.1);
});

test('silence that is skipped counts as silence that is measured', () => {
  const [a, b] = [sine(700, 1.37, 0.2), sine(400, 2.11, 0.1)];
  const measured = loudnessOf(a, new Float32Array(2 * rate * 7), b);
  const meter = new LoudnessMeter();
  meter.add(a);
  meter.silence(rate * 7);
  meter.add(b);
  expect(Math.abs(meter.integrated - measured)).toBeLessThan(0.05);
  expect(new LoudnessMeter().integrated).toBe(Number.NEGATIVE_INFINITY);
});

test('a true peak between two samples is found', () => {
  // A quarter of the sample rate, sampled at 45°: every sample is 3 dB below the peak (EBU Tech 3341, case 16).
  const meter = new TruePeakMeter();
  meter.add(sine(rate / 4, 0.5, 0.5, Math.PI / 4));
  expect(Math.abs(meter.dBTP - -6)).toBeLessThan(0.4);
});

test('no true peak above the ceiling, no change below it, and no jump of the gain', () => {
  const ceiling = ratioOf(-1);
  const pcm = new Float32Array(2 * rate * 2);
  pcm.set(sine(1000, 0.5, 0.3));
  pcm.set(sine(997, 0.5, 1.9, 0.3), rate);
  pcm.set(sine(1000, 1, 0.3), rate * 2);
  const before = pcm.slice();
  new Limiter(ceiling).process(pcm);
  const meter = new TruePeakMeter();
  meter.add(pcm);
  expect(meter.dBTP).toBeLessThanOrEqual(-1 + 0.05);
  expect(meter.dBTP).toBeGreaterThan(-2);
  const delayed = (index: number): number => before[index - 2 * LIMITER_DELAY] ?? 0;
  for (let index = 2 * LIMITER_DELAY; index < rate - 2 * 600; index += 1) expect(pcm[index]).toBe(delayed(index));
  for (let index = rate * 2 + 2 * 40_000; index < rate * 4; index += 1) {
    expect(Math.abs((pcm[index] ?? 0) - delayed(index))).toBeLessThan(0.002);
  }
  let last = 1;
  for (let index = 2 * LIMITER_DELAY; index < pcm.length; index += 2) {
    const source = delayed(index);
    if (Math.abs(source) < 0.2) continue;
    const gain = (pcm[index] ?? 0) / source;
    expect(Math.abs(gain - last)).toBeLessThan(0.2);
    last = gain;
  }
});

test('blocks that the limiter need not touch come out as they went in, and its result does not depend on their length', () => {
  const pcm = new Float32Array(2 * rate * 3);
  pcm.set(sine(1000, 1, 0.3));
  pcm.set(sine(997, 0.05, 1.9, 0.3), rate * 2);
  pcm.set(sine(1000, 1.9, 0.3), rate * 2.1);
  const whole = pcm.slice();
  new Limiter(0.8).process(whole);
  const inFrames = pcm.slice();
  const limiter = new Limiter(0.8);
  for (let at = 0; at < pcm.length; at += 1_920) limiter.process(inFrames.subarray(at, at + 1_920));
  expect(limiter.least).toBeLessThan(0.45);
  let [apart, untouched] = [0, 0];
  for (let index = 0; index < pcm.length; index += 1) {
    apart = Math.max(apart, Math.abs((inFrames[index] ?? 0) - (whole[index] ?? 0)));
    const source = pcm[index - 2 * LIMITER_DELAY] ?? 0;
    // Before the loud part, and a second and a half after it, when it has let go.
    if (index < rate * 1.9 || index > rate * 5.4)
      untouched = Math.max(untouched, Math.abs((inFrames[index] ?? 0) - source));
  }
  expect(apart).toBeLessThan(1e-6);
  expect(untouched).toBe(0);
});
