import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readOggOpus } from '../audio/ogg-opus.ts';
import { libopus } from '../audio/opus-codec.ts';
import type { VoicePacket } from '../audio/packet.ts';
import { isSilence } from '../audio/toc.ts';
import { amplitudeAt, toneFrames } from '../bridge/test-legs.ts';
import { Recorder } from './recorder.ts';
import { TrackWriter } from './track-writer.ts';

const timeZero = 1_700_000_000_000;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'recorder-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A spurt that begins so many ms after time zero. */
function spurt(userId: string, at: number, frames: Uint8Array[], more: Partial<VoicePacket> = {}): VoicePacket[] {
  const { ssrc = 1, sequence = 65_530, timestamp = 0xffff_ff00 } = more;
  return frames.map((opus, index) => ({
    userId,
    ssrc,
    sequence: (sequence + index) & 0xffff,
    timestamp: (timestamp + index * 960) >>> 0,
    arrivedAt: timeZero + at + index * 20,
    opus,
  }));
}

async function pcm(path: string): Promise<Float32Array> {
  const decoder = libopus.createDecoder();
  const { packets } = readOggOpus(await readFile(path));
  const samples = new Float32Array(packets.length * 960);
  for (const [frame, packet] of packets.entries()) {
    const decoded = decoder.decode(packet);
    for (let index = 0; index < 960; index += 1) samples[frame * 960 + index] = (decoded[index * 2] ?? 0) / 32_768;
  }
  return samples;
}

test('one file per person, over rejoins and SSRCs, each voice at its time, all of one length', async () => {
  const recorder = new Recorder({ sessionId: 'S', timeZero, directory });
  for (const packet of [
    ...spurt('1', 500, toneFrames(500, 50)),
    ...spurt('2', 700, toneFrames(900, 50), { ssrc: 2 }),
    ...spurt('1', 3000, toneFrames(1300, 50), { ssrc: 3, sequence: 7, timestamp: 12_345 }),
  ]) {
    recorder.packet(packet);
  }
  const tracks = await recorder.finish(timeZero + 5000);
  expect(
    tracks.map(({ userId, samples, firstSample, lostPackets }) => ({ userId, samples, firstSample, lostPackets })),
  ).toEqual([
    { userId: '1', samples: 240_000, firstSample: 0, lostPackets: 0 },
    { userId: '2', samples: 240_000, firstSample: 0, lostPackets: 0 },
  ]);
  const one = await pcm(tracks[0]?.path ?? '');
  const level = (samples: Float32Array, from: number, to: number, frequency: number) =>
    amplitudeAt(samples.subarray(from * 48, to * 48), frequency);
  expect(level(one, 520, 1480, 500)).toBeGreaterThan(0.2);
  expect(level(one, 0, 490, 500)).toBeLessThan(0.001);
  expect(level(one, 3020, 3980, 1300)).toBeGreaterThan(0.2);
  expect(level(one, 1600, 2990, 1300)).toBeLessThan(0.001);
  const file = await readFile(tracks[0]?.path ?? '');
  expect(tracks[0]).toMatchObject({ bytes: file.length, sha256: createHash('sha256').update(file).digest('hex') });
});

test('loss is written as concealment, a pause as silence, and both are told apart', async () => {
  const recorder = new Recorder({ sessionId: 'S', timeZero, directory });
  const frames = toneFrames(500, 30);
  const packets = spurt('1', 0, frames).filter((_, index) => index < 10 || index > 12);
  for (const packet of packets) recorder.packet(packet);
  for (const packet of spurt('1', 2000, frames.slice(0, 5), { sequence: 65_560, timestamp: 95_744 }))
    recorder.packet(packet);
  const [track] = await recorder.finish(timeZero + 3000);
  const { packets: written } = readOggOpus(await readFile(track?.path ?? ''));
  expect(track?.lostPackets).toBe(3);
  expect(written.slice(10, 13).every((packet) => packet.length === 1)).toBe(true);
  expect(written.slice(13, 30)).toEqual(frames.slice(13).map((frame) => Buffer.from(frame)));
  expect(written.slice(30, 100).every(isSilence)).toBe(true);
  expect(written.slice(100, 105)).toEqual(frames.slice(0, 5).map((frame) => Buffer.from(frame)));
});

test('packets that overtook each other are put in order; duplicates are written once', async () => {
  const recorder = new Recorder({ sessionId: 'S', timeZero, directory });
  const frames = toneFrames(500, 6);
  const packets = spurt('1', 0, frames);
  for (const index of [0, 2, 1, 3, 3, 5, 4]) {
    const packet = packets[index];
    if (packet) recorder.packet(packet);
  }
  const [track] = await recorder.finish(timeZero + 200);
  const { packets: written } = readOggOpus(await readFile(track?.path ?? ''));
  expect(written.slice(0, 6)).toEqual(frames.map((frame) => Buffer.from(frame)));
  expect(track?.samples).toBe(9600);
});

test('a disk that refuses is reported with a code, and other calls go on', async () => {
  await writeFile(join(directory, 'file'), '');
  const recorder = new Recorder({ sessionId: 'S', timeZero, directory: join(directory, 'file', 'below') });
  const failures: string[] = [];
  recorder.on('failed', ({ userId, error }) => failures.push(`${userId} ${error.code}`));
  for (const packet of spurt('1', 0, toneFrames(500, 5))) recorder.packet(packet);
  expect(await recorder.finish(timeZero + 1000)).toEqual([]);
  expect(failures).toEqual(['1 recording_write_failed']);
});

test.each([30, 63, 150])(
  'a spurt whose first packets are read %i ms late stands where it was spoken, also the very first',
  async (ms) => {
    const path = join(directory, 'track.ogg');
    const writer = new TrackWriter({ userId: '1', path, timeZero, serial: 1, comments: {} });
    const frames = toneFrames(500, 20);
    const late = (packet: VoicePacket, index: number) => ({
      ...packet,
      arrivedAt: packet.arrivedAt + Math.max(0, ms - index * 20),
    });
    for (const packet of spurt('1', 500, frames, { sequence: 0, timestamp: 0 }).map(late)) {
      writer.add(packet);
      await writer.flush(packet.arrivedAt);
    }
    // After a silence longer than the window in which packets are compared.
    for (const packet of spurt('1', 12_500, frames, { sequence: 20, timestamp: 12_000 * 48 }).map(late)) {
      writer.add(packet);
      await writer.flush(packet.arrivedAt);
    }
    await writer.finish(timeZero + 14_000);
    const { packets } = readOggOpus(await readFile(path));
    const starts = packets.flatMap((packet, index) => (Buffer.from(frames[0] ?? []).equals(packet) ? [index] : []));
    expect(starts).toEqual([25, 625]);
  },
);
