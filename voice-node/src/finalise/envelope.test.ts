import { expect, test } from 'vitest';
import { loadClips } from '../../../sim/src/clips/library.ts';
import { libopus } from '../audio/opus-codec.ts';
import { ratioOf } from '../audio/true-peak.ts';
import { Envelope } from './envelope.ts';
import type { SpokenFrame } from './grid.ts';
import { Leveller } from './levelled.ts';
import { GapMeter, levelOf } from './loudness-goal.ts';

/** Speech of all voices, with pauses. */
async function speech(): Promise<SpokenFrame[]> {
  const decoder = libopus.createDecoder();
  const frames: SpokenFrame[] = [];
  let index = 0;
  for (const { packets } of (await loadClips()).values()) {
    for (const packet of packets) {
      frames.push({ index, pcm: Float32Array.from(decoder.decode(packet), (value) => value / 32_768) });
      index += 1;
    }
    index += 37;
  }
  return frames;
}

test('tells the loudness behind the limiter at any gain as a meter measures it', async () => {
  const frames = await speech();
  const envelope = new Envelope();
  for (const frame of frames) envelope.add(frame);
  const errors = [0, 5, 8, 11].map((gain) => {
    const leveller = new Leveller(ratioOf(gain), ratioOf(-1.5));
    const meter = new GapMeter();
    for (const frame of frames) for (const out of leveller.push(frame)) meter.add(out);
    for (const out of leveller.flush()) meter.add(out);
    return envelope.loudness(ratioOf(gain), ratioOf(-1.5)) - meter.integrated;
  });
  expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.15);
});

test('the gain makes up for what the limiter takes, as far as it goes; what stands in the way is named', async () => {
  const frames = await speech();
  const envelope = new Envelope();
  for (const frame of frames) envelope.add(frame);
  const before = envelope.loudness();
  const goal = { ceiling: -1.5, mostGain: 20 };
  const reached = levelOf(envelope, { ...goal, target: before + 8 });
  expect(reached.gain).toBeGreaterThan(8.05);
  expect(Math.abs(reached.after - (before + 8))).toBeLessThanOrEqual(0.1);
  expect(reached.atLimit).toBeUndefined();
  expect(levelOf(envelope, { ...goal, target: before + 14 }).atLimit).toBe('peak');
  expect(levelOf(envelope, { ...goal, target: before + 30 })).toMatchObject({ gain: 20, atLimit: 'gain' });
  expect(levelOf(new Envelope(), { ...goal, target: -16 })).toMatchObject({ gain: 0, atLimit: undefined });
});
