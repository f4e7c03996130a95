import { createHash } from 'node:crypto';
import { copyFile, cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadClips } from '../../../../sim/src/clips/library.ts';
import { type VirtualPacket, virtualCall } from '../../../../sim/src/scenario/virtual-call.ts';
import { readOggOpus } from '../../audio/ogg-opus.ts';
import { FRAME_SAMPLES } from '../../audio/packet.ts';
import { isSilence } from '../../audio/toc.ts';
import { VirtualTime } from '../../ops/virtual-time.ts';
import type { Chunk } from '../chunks/build-chunks.ts';
import { chunkTagsSchema, TRACK_COMMENT } from '../chunks/chunk-tags.ts';
import { RecordingRun } from './recording-run.ts';
import { recover } from './recover.ts';
import type { HandOver } from './segment-queue.ts';

const sessionId = '01JXRECRDNG00000000000000A';
const timeZero = 1_767_225_600_000;
const clips = [...(await loadClips()).values()];

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'run-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Keeps what is handed over, as a bucket would; `release` says that it is stored. */
class Bucket {
  readonly files = new Map<string, { chunk: Chunk; body: Buffer }>();
  readonly #stored = Promise.withResolvers<void>();
  readonly handOver: HandOver = async (chunk) => {
    this.files.set(`${chunk.userId}@${chunk.firstSample}`, { chunk, body: await readFile(chunk.path) });
    return { stored: this.#stored.promise };
  };

  release(): void {
    this.#stored.resolve();
  }

  get chunks(): Chunk[] {
    return [...this.files.values()]
      .map(({ chunk }) => chunk)
      .sort((left, right) => left.firstSample - right.firstSample || Number(left.userId) - Number(right.userId));
  }
}

/** What a call of minutes sounds like, in order of arrival. */
const call = (minutes: number, seed = 'run'): VirtualPacket[] => [
  ...virtualCall({
    seed,
    durationMs: minutes * 60_000,
    startsAt: timeZero,
    speakers: ['7', '8', '9'].map((userId) => ({
      userId,
      clips,
      pauseMs: 3_000,
      faults: { jitterMs: 20, loss: 0.01 },
    })),
  }),
];

async function play(run: RecordingRun, time: VirtualTime, packets: readonly VirtualPacket[]): Promise<void> {
  for (const packet of packets) {
    time.runUntil(packet.arrivedAt);
    run.packet(packet, '5');
  }
}

const open = (bucket: Bucket, scheduler: VirtualTime, startedAt = timeZero) =>
  RecordingRun.open({
    sessionId,
    timeZero,
    startedAt,
    directory: join(directory, 'run'),
    handOver: bucket.handOver,
    scheduler,
  });

const spoken = (packets: readonly Uint8Array[]): string[] =>
  packets
    .filter((packet) => packet.length > 1 && !isSilence(packet))
    .map((packet) => Buffer.from(packet).toString('base64'));

test('eleven minutes become exact chunks that hold every packet in order; the journal goes when they are stored', async () => {
  const [time, bucket] = [new VirtualTime(timeZero), new Bucket()];
  const run = await open(bucket, time);
  const packets = call(11);
  await play(run, time, packets);
  expect(await run.finish(timeZero + 11 * 60_000)).toBe(true);
  const { chunks } = bucket;
  expect(chunks.map(({ userId, firstSample, samples }) => [userId, firstSample / 48_000, samples / 48_000])).toEqual(
    [
      [0, 300],
      [300, 300],
      [600, 60],
    ].flatMap(([first, seconds]) => ['7', '8', '9'].map((userId) => [userId, first, seconds])),
  );
  for (const userId of ['7', '8', '9']) {
    const own = chunks.filter((chunk) => chunk.userId === userId);
    const files = own.map(({ firstSample }) => bucket.files.get(`${userId}@${firstSample}`)?.body ?? Buffer.alloc(0));
    const oggs = files.map((file) => readOggOpus(file));
    const sent = packets.filter((packet) => packet.userId === userId);
    const inOrder = [...new Map(sent.map((packet) => [packet.sequence, packet])).values()].sort(
      (left, right) => left.timestamp - right.timestamp,
    );
    expect(spoken(oggs.flatMap((ogg) => ogg.packets))).toEqual(spoken(inOrder.map(({ opus }) => opus)));
    for (const [index, { samples, sha256, bytes }] of own.entries()) {
      expect(oggs[index]?.packets.length).toBe(samples / FRAME_SAMPLES);
      expect(oggs[index]?.ended).toBe(true);
      expect({ sha256, bytes }).toEqual({
        sha256: createHash('sha256')
          .update(files[index] ?? '')
          .digest('hex'),
        bytes: files[index]?.length,
      });
      const tags = chunkTagsSchema.parse(JSON.parse(oggs[index]?.comments[TRACK_COMMENT] ?? ''));
      expect(tags).toMatchObject({ sessionId, guildId: '5', userId, timeZero, samples });
    }
  }
  expect((await readdir(join(directory, 'run'))).filter((name) => name.endsWith('.journal'))).toHaveLength(3);
  bucket.release();
  expect(await run.stored()).toBe(true);
  expect((await readdir(join(directory, 'run'))).filter((name) => name.endsWith('.journal'))).toEqual([]);
});

test('a recording that begins in mid-session has its first chunk up to the border of five minutes', async () => {
  const startedAt = timeZero + 4 * 60_000;
  const [time, bucket] = [new VirtualTime(startedAt), new Bucket()];
  const run = await open(bucket, time, startedAt);
  await play(
    run,
    time,
    call(7).filter(({ arrivedAt }) => arrivedAt >= startedAt),
  );
  await run.finish(timeZero + 7 * 60_000);
  expect(bucket.chunks.map(({ firstSample, samples }) => [firstSample / 48_000, samples / 48_000])).toEqual(
    [
      [240, 60],
      [300, 120],
    ].flatMap((span) => [span, span, span]),
  );
});

test('killed at any moment, the next process makes the same chunks of what was written, and loses nothing of it', async () => {
  const packets = call(6);
  const whole = new Bucket();
  const time = new VirtualTime(timeZero);
  const run = await open(whole, time);
  await play(run, time, packets);
  // As at a kill: no goodbye. What the last tick wrote is there.
  time.runUntil(time.now() + 20);
  await cp(join(directory, 'run'), join(directory, 'killed', 'run'), { recursive: true });
  await run.finish(timeZero + 6 * 60_000);

  const bucket = new Bucket();
  const progress: number[] = [];
  const [left] = await recover({
    directory: join(directory, 'killed'),
    running: new Set(),
    handOver: bucket.handOver,
    onFailed: (error) => {
      throw error;
    },
    onProgress: ({ percent }) => progress.push(percent),
  });
  expect(left).toMatchObject({ header: { sessionId }, lastArrival: packets.at(-1)?.arrivedAt });
  expect(await left?.sealed).toEqual({ damagedBytes: 0 });
  expect(progress.at(-1)).toBe(100);
  for (const { chunk, body } of whole.files.values()) {
    const again = bucket.files.get(`${chunk.userId}@${chunk.firstSample}`);
    const [ours, theirs] = [readOggOpus(again?.body ?? Buffer.alloc(0)), readOggOpus(body)];
    expect(spoken(ours.packets)).toEqual(spoken(theirs.packets));
    if (chunk.firstSample === 0) expect(again?.chunk.sha256).toBe(chunk.sha256);
  }
  bucket.release();
  expect(await left?.stored).toBe(true);
  expect((await readdir(join(directory, 'killed', 'run'))).filter((name) => name.endsWith('.journal'))).toEqual([]);
});

test('killed right after five minutes ended: what came within the hold is in the next chunk', async () => {
  const packets = call(6).filter(({ arrivedAt }) => arrivedAt < timeZero + 305_000);
  const time = new VirtualTime(timeZero);
  const run = await open(new Bucket(), time);
  await play(run, time, packets);
  time.runUntil(timeZero + 305_100);
  await cp(join(directory, 'run'), join(directory, 'killed', 'run'), { recursive: true });
  await run.finish(timeZero + 306_000);
  const bucket = new Bucket();
  const [left] = await recover({
    directory: join(directory, 'killed'),
    running: new Set(),
    handOver: bucket.handOver,
    onFailed: (error) => {
      throw error;
    },
    onProgress: () => undefined,
  });
  await left?.sealed;
  const stored = [...bucket.files.values()].flatMap(({ body }) => spoken(readOggOpus(body).packets));
  const sent = new Map(packets.map((packet) => [`${packet.userId}/${packet.sequence}`, packet]));
  expect(stored.sort()).toEqual(spoken([...sent.values()].map(({ opus }) => opus)).sort());
});

test('a torn end loses the torn record, a flipped byte its record; both are counted', async () => {
  const [time, bucket] = [new VirtualTime(timeZero), new Bucket()];
  const run = await open(bucket, time);
  await play(run, time, call(1));
  time.runUntil(time.now() + 20);
  const journal = join(directory, 'run', '000000.journal');
  for (const [name, damage] of Object.entries({
    torn: async (path: string) => truncate(path, (await readFile(path)).length - 5),
    flipped: async (path: string) => {
      const bytes = await readFile(path);
      const at = Math.floor(bytes.length / 2);
      bytes[at] = (bytes[at] ?? 0) ^ 0xff;
      await writeFile(path, bytes);
    },
  })) {
    await cp(join(directory, 'run'), join(directory, name, 'run'), { recursive: true });
    await copyFile(journal, join(directory, name, 'run', '000000.journal'));
    await damage(join(directory, name, 'run', '000000.journal'));
    const damaged = new Bucket();
    const [left] = await recover({
      directory: join(directory, name),
      running: new Set(),
      handOver: damaged.handOver,
      onFailed: (error) => {
        throw error;
      },
      onProgress: () => undefined,
    });
    const { damagedBytes = 0 } = (await left?.sealed) ?? {};
    expect(damagedBytes, name).toBeGreaterThan(0);
    expect(damagedBytes, name).toBeLessThan(1400);
    expect(damaged.chunks.map(({ userId }) => userId)).toEqual(['7', '8', '9']);
  }
  await run.finish(timeZero + 60_000);
});

test('what somebody said since they opted out is in no chunk; what they said before is', async () => {
  const [time, bucket] = [new VirtualTime(timeZero), new Bucket()];
  const run = await open(bucket, time);
  const packets = call(2);
  const at = timeZero + 60_000;
  await play(run, time, packets);
  run.note({ type: 'optout', userId: '8', at, out: true });
  await run.finish(timeZero + 2 * 60_000);
  const own = (userId: string) => spoken(readOggOpus(bucket.files.get(`${userId}@0`)?.body ?? Buffer.alloc(0)).packets);
  const sent = (userId: string) => [
    ...new Map(
      packets.filter((packet) => packet.userId === userId).map((packet) => [packet.sequence, packet]),
    ).values(),
  ];
  const before = sent('8').filter(({ arrivedAt }) => arrivedAt < at);
  expect(own('8').sort()).toEqual(spoken(before.map(({ opus }) => opus)).sort());
  expect(own('7').sort()).toEqual(spoken(sent('7').map(({ opus }) => opus)).sort());
});

test('a full disk ends the recording with a code, once, and what was written is kept', async () => {
  const time = new VirtualTime(timeZero);
  const bucket = new Bucket();
  const run = await open(bucket, time);
  const failures: string[] = [];
  run.on('failed', ({ code }) => failures.push(code));
  const packets = call(1);
  await play(run, time, packets.slice(0, 500));
  time.runUntil(time.now() + 20);
  // The folder goes: the next segment cannot be made.
  await rm(join(directory, 'run'), { recursive: true });
  time.runUntil(timeZero + 400_000);
  expect(failures).toEqual(['journal_unwritable']);
  run.packet(packets[501] as VirtualPacket, '5');
  await run.finish(timeZero + 400_000);
  expect(failures).toHaveLength(1);
});
