/** Stays as the finaliser reads them: one fragment for each join-to-leave, also over a kill of the node. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FRAME_SAMPLES, type VoicePacket } from '../../audio/packet.ts';
import { recordingOf } from '../../finalise/tracks.ts';
import { VirtualTime } from '../../ops/virtual-time.ts';
import type { Chunk } from '../chunks/build-chunks.ts';
import { RecordingRun } from './recording-run.ts';
import { recover } from './recover.ts';

const sessionId = '01JXRECRDNG00000000000000A';
const timeZero = 1_767_225_600_000;
const at = (seconds: number) => timeZero + seconds * 1_000;

let directory: string;
let chunks: Chunk[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stays-'));
  chunks = [];
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const handOver = async (chunk: Chunk) => {
  const path = join(directory, `${chunk.userId}-${chunk.firstSample}.ogg`);
  await writeFile(path, await readFile(chunk.path));
  chunks.push({ ...chunk, path });
  return { stored: Promise.resolve() };
};
const packet = (userId: string, seconds: number): VoicePacket => ({
  userId,
  ssrc: Number(userId),
  sequence: (seconds * 50) & 0xffff,
  timestamp: seconds * 50 * FRAME_SAMPLES,
  arrivedAt: at(seconds),
  opus: Uint8Array.of(0x78, 1, 2, 3),
});
const staysOf = (userId: string) =>
  recordingOf(chunks)
    .tracks.find((track) => track.userId === userId)
    ?.stays.map(([from, to]) => [from / 48_000, to / 48_000]);

test('two stays are two fragments with their own times, of one track, over the border of chunks', async () => {
  const time = new VirtualTime(timeZero);
  const folder = join(directory, 'run');
  const run = await RecordingRun.open({
    sessionId,
    timeZero,
    startedAt: timeZero,
    directory: folder,
    handOver,
    scheduler: time,
  });
  const steps: [number, () => void][] = [
    [1, () => run.stay('7', '5', true, at(1))],
    [1, () => run.stay('9', '5', true, at(1))],
    [2, () => run.packet(packet('7', 2), '5')],
    [100, () => run.stay('7', '5', false, at(100))],
    [200, () => run.stay('7', '5', true, at(200))],
    [250, () => run.packet(packet('7', 250), '5')],
    [350, () => run.packet(packet('7', 350), '5')],
    [400, () => run.stay('7', '5', false, at(400))],
  ];
  for (const [seconds, step] of steps) {
    time.runUntil(at(seconds));
    step();
  }
  time.runUntil(at(420));
  await run.finish(at(420));
  expect(staysOf('7')).toEqual([
    [1, 100],
    [200, 400],
  ]);
  // Who never spoke has no file, and so no fragment.
  expect(staysOf('9')).toBeUndefined();
});

test('who was there when the node was killed, and still is when it is back, has one stay; who is not has left', async () => {
  const time = new VirtualTime(timeZero);
  const options = { sessionId, timeZero, handOver, scheduler: time };
  const run = await RecordingRun.open({ ...options, startedAt: timeZero, directory: join(directory, 'run') });
  for (const userId of ['7', '8', '9']) run.stay(userId, '5', true, at(0));
  run.stay('9', '5', false, at(5));
  for (const userId of ['7', '8', '9']) run.packet(packet(userId, userId === '9' ? 4 : 10), '5');
  time.runUntil(at(11));
  await cp(join(directory, 'run'), join(directory, 'killed', 'run'), { recursive: true });
  await run.finish(at(11));
  chunks = [];

  const [left] = await recover({
    directory: join(directory, 'killed'),
    running: new Set(),
    handOver,
    onFailed: (error) => {
      throw error;
    },
    onProgress: () => undefined,
  });
  await left?.sealed;
  expect([...(left?.staying ?? [])].sort()).toEqual(['7', '8']);
  time.runUntil(at(20));
  const resumes = { at: left?.lastArrival ?? 0, staying: left?.staying ?? new Set<string>() };
  const next = await RecordingRun.open({ ...options, startedAt: at(20), directory: join(directory, 'next'), resumes });
  for (const userId of ['7', '9']) {
    next.stay(userId, '5', true, at(20));
    next.packet(packet(userId, 25), '5');
  }
  await next.finish(at(30));
  expect(staysOf('7')).toEqual([[0, 30]]);
  expect(staysOf('8')).toEqual([[0, 10.02]]);
  expect(staysOf('9')).toEqual([
    [0, 5],
    [20, 30],
  ]);
});
