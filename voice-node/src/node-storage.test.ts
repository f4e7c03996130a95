/** A recording from its first packet to its master, in the node's own storage and a bucket, without Discord. */
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeEventDraft } from '@patchbay/shared/events';
import {
  chunkKey,
  fragmentKey,
  manifestKey,
  masterKey,
  partialChunkKey,
  rawFragmentKey,
} from '@patchbay/shared/object-keys';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { S3Server } from '../../sim/src/s3/server.ts';
import { readOggOpus } from './audio/ogg-opus.ts';
import type { VoicePacket } from './audio/packet.ts';
import { isSilence } from './audio/toc.ts';
import { clickPackets, timeZero as fixtureZero, sessionId } from './finalise/test-recording.ts';
import { NodeStorage } from './node-storage.ts';
import { now } from './ops/clock.ts';
import { createLogger } from './ops/logger.ts';
import type { ProgressMessage } from './storage/progress-lane.ts';

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
let server: S3Server;
let directory: string;
let endpoint: string;
let events: NodeEventDraft[];
let progress: ProgressMessage[];
const happened = new EventEmitter();

beforeEach(async () => {
  server = new S3Server({ credentials, buckets: ['box'] });
  endpoint = await server.listen();
  directory = await mkdtemp(join(tmpdir(), 'node-storage-'));
  [events, progress] = [[], []];
});
afterEach(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

async function event<T extends NodeEventDraft['type']>(
  type: T,
  count = 1,
): Promise<Extract<NodeEventDraft, { type: T }>> {
  const all = () => events.filter((one) => one.type === type);
  while (all().length < count) await once(happened, 'event');
  return all()[count - 1] as Extract<NodeEventDraft, { type: T }>;
}

async function start(): Promise<NodeStorage> {
  const storage = new NodeStorage({
    settings: { dataDir: directory, fragmentMp3: false, disk: { warnBytes: 0, stopBytes: 0 } },
    storage: { endpoint, bucket: 'box', region: 'us-east-1', checksums: 'WHEN_SUPPORTED', ...credentials },
    append: async (draft) => {
      events.push(draft);
      happened.emit('event');
    },
    send: (message) => progress.push(message) > 0,
    sealed: async () => false,
    logger: createLogger('silent'),
  });
  await storage.start();
  await storage.startFinalising();
  return storage;
}

/** Clicks of somebody in the last seconds. */
function spoken(timeZero: number): VoicePacket[] {
  const who = { userId: '7', frequency: 900, level: 6_000, phaseMs: 3, skewPpm: 0, jitterMs: 0, loss: 0 };
  const base = clickPackets(who, [2_000, 5_000], 1);
  const first = clickPackets(who, [2_000, 5_000], 1)[0]?.arrivedAt ?? 0;
  return base.map((packet) => ({ ...packet, arrivedAt: timeZero + 1_500 + packet.arrivedAt - first }));
}

const inOgg = async (key: string): Promise<string[]> =>
  readOggOpus((await server.read('box', key)).data)
    .packets.filter((packet) => packet.length > 1 && !isSilence(packet))
    .map((packet) => Buffer.from(packet).toString('base64'));
const sound = (packets: readonly VoicePacket[]): string[] =>
  packets.filter(({ opus }) => !isSilence(opus)).map(({ opus }) => Buffer.from(opus).toString('base64'));

test('flushed while it runs, sealed when it is over, finalised by order: the bucket describes itself at each step', async () => {
  const storage = await start();
  const timeZero = Math.floor(now()) - 8_000;
  const run = await storage.desk.open(sessionId, timeZero, timeZero);
  run.guild('5');
  run.guild('6');
  const packets = spoken(timeZero);
  for (const packet of packets.slice(0, 55)) run.packet(packet, '5');
  const partial = partialChunkKey(sessionId, '7', timeZero);
  const order = { v: 1 as const, type: 'recording.flush' as const, sessionId };
  await storage.take({ ...order, requestId: '01JXRECRDNG00000000000000B' });
  const flushed = await event('recording.flushed');
  expect(flushed).toMatchObject({
    guildId: '5',
    requestId: '01JXRECRDNG00000000000000B',
    objects: [{ key: partial, userId: '7' }],
  });
  expect(await event('recording.flushed', 2)).toMatchObject({ guildId: '6', objects: [] });
  expect(flushed.until).toBe(flushed.objects[0]?.samples);
  expect(await inOgg(partial)).toEqual(sound(packets.slice(0, 55)));

  // The journal was only read: what comes later, and the chunk, are as ever.
  for (const packet of packets.slice(55)) run.packet(packet, '5');
  await storage.take({ ...order, requestId: '01JXRECRDNG00000000000000C' });
  await event('recording.flushed', 4);
  expect(await inOgg(partial)).toEqual(sound(packets));
  await run.finish(timeZero + 7_000);
  await event('recording.sealed', 2);
  expect(events.flatMap((one) => (one.type === 'recording.sealed' ? [one.guildId] : [])).sort()).toEqual(['5', '6']);
  expect(events.findIndex(({ type }) => type === 'recording.chunk.stored')).toBeLessThan(
    events.findIndex(({ type }) => type === 'recording.sealed'),
  );
  const chunk = chunkKey(sessionId, '7', timeZero);
  expect(await inOgg(chunk)).toEqual(sound(packets));
  expect(progress).toContainEqual(expect.objectContaining({ stage: 'uploading', percent: 100 }));

  await storage.close(5_000);
  expect(await server.keys('box')).toEqual([chunk, manifestKey(sessionId)]);
  const manifest = JSON.parse((await server.read('box', manifestKey(sessionId))).data.toString());
  expect(manifest).toMatchObject({ complete: false, incompleteBecause: ['not_finalised'], timeZero });
  expect(manifest.objects).toMatchObject([{ key: chunk, kind: 'chunk', userId: '7', guildId: '5', firstSample: 0 }]);

  const next = await start();
  await next.take({ v: 1, type: 'recording.finalise', sessionId });
  expect(await event('recording.master.stored')).toMatchObject({ guildId: '5', complete: true });
  await next.close(5_000);
  expect(progress.at(-1)).toMatchObject({ stage: expect.any(String), percent: 100 });
  const finished = JSON.parse((await server.read('box', manifestKey(sessionId))).data.toString());
  expect(finished).toMatchObject({ complete: true, incompleteBecause: [] });
});

test('a part that a killed process left is sealed when the bucket has it, once for each guild', async () => {
  const first = await start();
  const timeZero = Math.floor(now()) - 8_000;
  const run = await first.desk.open(sessionId, timeZero, timeZero);
  run.guild('6');
  for (const packet of spoken(timeZero)) run.packet(packet, '5');
  // Written, and then the process is gone: nothing ends the run.
  await run.partial();
  const second = await start();
  await event('recording.sealed', 2);
  expect(events.flatMap((one) => (one.type === 'recording.sealed' ? [one.guildId] : [])).sort()).toEqual(['5', '6']);
  await second.close(5_000);
  await run.finish();
  await first.close(100);
});

/** Two people in a recording whose first five minutes are over at once: 7 is there from 1 s to 60 s and again from 100 s on. */
async function rotated(storage: NodeStorage) {
  const timeZero = Math.floor(now()) - 306_000;
  const talk = (userId: string, instants: number[]): VoicePacket[] =>
    clickPackets(
      { userId, frequency: 900, level: 6_000, phaseMs: 3, skewPpm: 0, jitterMs: 0, loss: 0 },
      instants,
      Number(userId),
    ).map((packet) => ({ ...packet, arrivedAt: packet.arrivedAt - fixtureZero + timeZero }));
  const run = await storage.desk.open(sessionId, timeZero, timeZero);
  const happenings = [
    ...[...talk('7', [5_000, 20_000, 120_000]), ...talk('8', [10_000, 130_000])].map((packet) => ({
      at: packet.arrivedAt,
      happen: () => run.packet(packet, '5'),
    })),
    ...(
      [
        ['8', true, 0],
        ['7', true, 1_000],
        ['7', false, 60_000],
        ['7', true, 100_000],
      ] as const
    ).map(([userId, present, at]) => ({
      at: timeZero + at,
      happen: () => run.stay(userId, '5', present, timeZero + at),
    })),
  ];
  for (const { happen } of happenings.sort((left, right) => left.at - right.at)) happen();
  const keys = [fragmentKey(sessionId, '7', timeZero + 1_000), rawFragmentKey(sessionId, '7', timeZero + 1_000)];
  return { run, timeZero, keys, talk };
}

const fragmentsOf = (list: readonly NodeEventDraft[]) =>
  list.flatMap((one) => (one.type === 'recording.fragment.stored' ? [one] : []));

test('a stay that is over has its fragment while the recording runs, and the end makes the same', async () => {
  const storage = await start();
  const { run, timeZero, keys, talk } = await rotated(storage);
  await event('recording.fragment.stored', 2);
  expect(storage.desk.isBusy(sessionId)).toBe(true);
  const early = fragmentsOf(events);
  expect(early).toMatchObject(keys.map((key) => ({ key, userId: '7', guildId: '5', firstSample: 48_000 })));
  expect(early.map(({ samples }) => samples)).toEqual([59_000 * 48, 59_000 * 48]);
  expect((await server.keys('box')).filter((key) => /full|master/.test(key))).toEqual(keys);

  // They come once more, in the next five minutes.
  for (const packet of talk('7', [303_000])) run.packet(packet, '5');
  await run.finish(timeZero + 305_000);
  await event('recording.sealed');
  await storage.close(5_000);
  const { objects } = JSON.parse((await server.read('box', manifestKey(sessionId))).data.toString());
  expect(objects).toEqual(
    expect.arrayContaining(
      early.map(({ key, kind, sha256 }) =>
        expect.objectContaining({ key, kind, sha256, firstSample: 48_000, endSample: 60_000 * 48 }),
      ),
    ),
  );

  const next = await start();
  const made = events.length;
  await next.take({ v: 1, type: 'recording.finalise', sessionId });
  await event('recording.master.stored');
  await next.close(5_000);
  expect(await server.keys('box')).toContain(masterKey(sessionId));
  const final = fragmentsOf(events.slice(made));
  expect(final).toHaveLength(6);
  // To the byte, and so to the sample.
  expect(final.filter(({ key }) => keys.includes(key))).toEqual(early);
});

test('what was made of a stay is gone when some of it is erased, and made anew without it', async () => {
  const storage = await start();
  const { run, timeZero, keys } = await rotated(storage);
  await event('recording.fragment.stored', 2);
  const [before] = fragmentsOf(events);
  expect(await inOgg(keys[1] ?? '')).toHaveLength(100);
  // Told late: between the two clicks of the first stay.
  run.note({ type: 'optout', userId: '7', at: timeZero + 10_000, out: true });
  await run.finish(timeZero + 305_000);
  await event('recording.sealed');
  expect((await server.keys('box')).filter((key) => key.includes('/full/'))).toEqual([]);
  const made = events.length;
  await storage.take({ v: 1, type: 'recording.finalise', sessionId });
  await event('recording.master.stored');
  await storage.close(5_000);
  const final = fragmentsOf(events.slice(made)).filter(({ userId }) => userId === '7');
  expect(final.map(({ key, samples }) => [key, samples])).toEqual(keys.map((key) => [key, 9_000 * 48]));
  expect(final[0]?.sha256).not.toBe(before?.sha256);
  expect(await inOgg(keys[1] ?? '')).toHaveLength(50);
});
