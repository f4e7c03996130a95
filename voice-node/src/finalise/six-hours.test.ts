/** Six hours of a session, on virtual time, from a journal to fragments and master: what was said at one instant lies at one place. */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MPEGDecoder } from 'mpg123-decoder';
import { afterEach, expect, test } from 'vitest';
import { PRE_SKIP } from '../audio/ogg-opus.ts';
import { oggPackets } from '../audio/ogg-reader.ts';
import { libopus } from '../audio/opus-codec.ts';
import { FRAME_SAMPLES } from '../audio/packet.ts';
import { finalise } from './finalise.ts';
import { type Clicker, clickPackets, dice, findClick, playOgg, record, sessionId, timeZero } from './test-recording.ts';

const HOURS = 6;
const END_MS = HOURS * 3_600_000;
/** Half a second of what a file holds around an instant is looked at. */
const BEFORE_FRAMES = 25;
const AFTER_FRAMES = 10;
/** 128 kbit/s at 48 kHz: every frame of 1,152 samples has as many bytes. */
const MP3_FRAME = { bytes: 384, samples: 1_152 };

let directory: string | undefined;
afterEach(async () => {
  if (directory) await rm(directory, { recursive: true, force: true });
});

/** Where the click of somebody lies in their fragment, from its first sample. */
function* clicksInOgg(path: string, frequency: number, samples: readonly number[]): Generator<number> {
  const wanted = samples.map((at) => Math.floor((at + PRE_SKIP) / FRAME_SAMPLES));
  const pieces = wanted.map((): Uint8Array[] => []);
  let frame = 0;
  let first = 0;
  for (const packet of oggPackets(path)) {
    while (first < wanted.length && frame > (wanted[first] ?? 0) + AFTER_FRAMES) first += 1;
    if (first < wanted.length && frame >= (wanted[first] ?? 0) - BEFORE_FRAMES) pieces[first]?.push(packet);
    frame += 1;
  }
  for (const [index, packets] of pieces.entries()) {
    const from = ((wanted[index] ?? 0) - BEFORE_FRAMES) * FRAME_SAMPLES - PRE_SKIP;
    const pcm = playOgg(packets, 0);
    yield findClick(pcm, frequency, (samples[index] ?? 0) - from) + from - (samples[index] ?? 0);
  }
}

async function clickInMp3(path: string, frequency: number, sample: number): Promise<number> {
  const file = await open(path);
  const first = Math.floor(sample / MP3_FRAME.samples) - 20;
  const bytes = Buffer.alloc(40 * MP3_FRAME.bytes);
  await file.read(bytes, 0, bytes.length, first * MP3_FRAME.bytes);
  await file.close();
  const decoder = new MPEGDecoder({ enableGapless: false });
  await decoder.ready;
  const { channelData, samplesDecoded } = decoder.decode(bytes);
  decoder.free();
  // What leans on bits of frames that are cut off is left out at the start: count from the end.
  const from = first * MP3_FRAME.samples + 40 * MP3_FRAME.samples - samplesDecoded;
  return findClick(channelData[0] ?? new Float32Array(), frequency, sample - from) + from - sample;
}

test('at 200 ppm and 20 ms of jitter, clicks of six hours lie within 10 ms in fragments and master', async () => {
  const instants = Array.from({ length: 12 }, (_, index) => 30_000 + index * ((END_MS - 60_000) / 11));
  const random = dice(11);
  const network = { jitterMs: 20, loss: 0.03 };
  const people: Clicker[] = [
    { userId: '7', frequency: 900, level: 9_000, phaseMs: random() * 20, skewPpm: 200, ...network },
    { userId: '8', frequency: 2_300, level: 4_000, phaseMs: random() * 20, skewPpm: -200, ...network },
  ];
  const recorded = await record(
    people.flatMap((who, index) => clickPackets(who, instants, index + 1)),
    END_MS,
    people.map(({ userId }) => ({ userId, at: 0, present: true })),
  );
  ({ directory } = recorded);
  expect(recorded.chunks).toHaveLength(2 * HOURS * 12);
  const out = join(recorded.directory, 'out');
  const report = await finalise({ sessionId, timeZero, chunks: recorded.chunks, directory: out, codec: libopus });
  expect(report).toMatchObject({ samples: END_MS * 48, missing: [] });
  const samples = instants.map((instant) => Math.round(instant * 48));
  const errors: number[] = [];
  for (const { userId, frequency } of people) {
    const fragment = report.fragments.find((one) => one.userId === userId);
    expect(fragment).toMatchObject({ firstSample: 0, samples: END_MS * 48 });
    errors.push(...clicksInOgg(fragment?.normalised.path ?? '', frequency, samples));
    for (const sample of samples) errors.push(await clickInMp3(report.master.path, frequency, sample));
  }
  const ms = errors.map((error) => Math.abs(error) / 48);
  expect(ms).toHaveLength(2 * 2 * instants.length);
  expect(Math.max(...ms)).toBeLessThan(10);
}, 60_000);
