import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FRAME_VALUES } from '../audio/opus-codec.ts';
import { MasterWriter } from './master-writer.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'master-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const tone = (index: number): Float32Array =>
  Float32Array.from(
    { length: FRAME_VALUES },
    (_, value) => 0.3 * Math.sin((index * FRAME_VALUES + value) / (9 + (index % 7))),
  );

test('silence that is copied is, byte for byte, what the encoder makes of silence', async () => {
  const [skipping, plain] = [join(directory, 'skipping.mp3'), join(directory, 'plain.mp3')];
  // Sound, a gap, sound, a gap that is no multiple of the period, sound, and silence to the end.
  const run = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);
  const spoken = [...run(0, 20), ...run(700, 23), ...run(1_004, 9)];
  const frames = 1_333;
  const one = await MasterWriter.open(skipping, 128);
  for (const index of spoken) one.add({ index, pcm: tone(index) });
  const end = one.end(frames);
  const other = await MasterWriter.open(plain, 128);
  const said = new Set(spoken);
  for (let index = 0; index < frames; index += 1) {
    other.add({ index, pcm: said.has(index) ? tone(index) : new Float32Array(FRAME_VALUES) });
  }
  other.end(frames);
  const written = await readFile(skipping);
  expect(written.equals(await readFile(plain))).toBe(true);
  expect(end.bytes).toBe(written.length);
});
