/** An opt-out that the node hears of late: what came since is taken out of chunks that were made before. */
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readOggOpus } from '../../audio/ogg-opus.ts';
import { FRAME_SAMPLES, type VoicePacket } from '../../audio/packet.ts';
import { isSilence } from '../../audio/toc.ts';
import { VirtualTime } from '../../ops/virtual-time.ts';
import { type Erasure, eraseFromChunk } from '../chunks/erase-chunk.ts';
import { RecordingRun } from './recording-run.ts';

const sessionId = '01JXRECRDNG00000000000000A';
const timeZero = 1_767_225_600_000;
const FRAME_MS = 20;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'opt-out-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** One who talks all the time, numbered packets, the last ones of each second late. */
const packets = (userId: string, seconds: number): VoicePacket[] =>
  Array.from({ length: seconds * 50 }, (_, frame) => ({
    userId,
    ssrc: Number(userId),
    sequence: frame & 0xffff,
    timestamp: (frame * FRAME_SAMPLES) >>> 0,
    arrivedAt: timeZero + frame * FRAME_MS + (frame % 50 > 45 ? 60 : 0),
    opus: Buffer.from(`x${userId}:${frame}`),
  })).sort((left, right) => left.arrivedAt - right.arrivedAt);

const framesIn = (file: Buffer): number[] =>
  readOggOpus(file).packets.flatMap((packet) => {
    const found = /:(\d+)$/.exec(Buffer.from(packet).toString('latin1'));
    return found ? [Number(found[1])] : [];
  });

/** Records two people for 320 s; `late` happens at 312 s, when the first five minutes are a chunk already. */
async function recorded(late: (run: RecordingRun) => void) {
  const time = new VirtualTime(timeZero);
  const files = new Map<string, string>();
  const erasures: Erasure[] = [];
  const run = await RecordingRun.open({
    sessionId,
    timeZero,
    startedAt: timeZero,
    directory: join(directory, 'run'),
    handOver: async (chunk) => {
      const path = join(directory, `${chunk.userId}@${chunk.firstSample / 48_000}.ogg`);
      await rename(chunk.path, path);
      files.set(`${chunk.userId}@${chunk.firstSample / 48_000}`, path);
      return { stored: Promise.resolve() };
    },
    erase: async (_, erasure) => void erasures.push(erasure),
    scheduler: time,
  });
  const all = ['7', '8'].flatMap((userId) => packets(userId, 320));
  let told = false;
  for (const packet of all.sort((left, right) => left.arrivedAt - right.arrivedAt)) {
    time.runUntil(packet.arrivedAt);
    if (!told && packet.arrivedAt > timeZero + 312_000) {
      told = true;
      late(run);
    }
    // The leg drops their packets from then on.
    if (!(told && packet.userId === '8')) run.packet(packet, '5');
  }
  expect(await run.finish(timeZero + 320_000)).toBe(true);
  return { files, erasures };
}

test('told after the rotation: the next chunk has nothing of it, the one before is made anew without it', async () => {
  const at = timeZero + 290_000;
  const { files, erasures } = await recorded((run) => run.note({ type: 'optout', userId: '8', at, out: true }));
  expect(erasures).toEqual([{ userId: '8', from: at, to: null }]);
  const next = files.get('8@300');
  // What was carried over the border is not there either.
  if (next) expect(framesIn(await readFile(next))).toEqual([]);

  const [before = '', after] = [files.get('8@0'), join(directory, 'after.ogg')];
  const kept = framesIn(await readFile(before));
  expect(kept.at(-1)).toBe(14_999);
  const made = await eraseFromChunk(before, after, { userId: '8', from: at, to: null });
  expect(made?.tags.samples).toBe(300 * 48_000);
  const left = await readFile(after);
  const border = (at - timeZero) / FRAME_MS;
  // 200 ms before it count as jitter.
  expect(framesIn(left)).toEqual(kept.filter((frame) => frame < border - 10));
  const silent = readOggOpus(left).packets.slice(border - 10, 15_000);
  expect(silent).toHaveLength(15_000 - (border - 10));
  expect(silent.every((packet) => isSilence(packet))).toBe(true);
  expect(
    await eraseFromChunk(after, join(directory, 'again.ogg'), { userId: '8', from: at, to: null }),
  ).toBeUndefined();
});

test('who opted in again in between is missing only for that time', async () => {
  const [from, to] = [timeZero + 100_000, timeZero + 200_000];
  const { files, erasures } = await recorded((run) => {
    run.note({ type: 'optout', userId: '8', at: from, out: true });
    run.note({ type: 'optout', userId: '8', at: to, out: false });
  });
  expect(erasures).toEqual([{ userId: '8', from, to }]);
  const after = join(directory, 'after.ogg');
  await eraseFromChunk(files.get('8@0') ?? '', after, { userId: '8', from, to });
  const left = framesIn(await readFile(after));
  expect(left.filter((frame) => frame >= 4_990 && frame < 10_000)).toEqual([]);
  expect(left).toHaveLength(15_000 - 5_010);
});

test('chunks of others, and those before, are left alone', async () => {
  const { files } = await recorded(() => undefined);
  const target = join(directory, 'after.ogg');
  const erasure = { userId: '8', from: timeZero + 301_000, to: null };
  expect(await eraseFromChunk(files.get('7@0') ?? '', target, { ...erasure, from: timeZero })).toBeUndefined();
  expect(await eraseFromChunk(files.get('8@0') ?? '', target, erasure)).toBeUndefined();
});
