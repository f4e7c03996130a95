import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chunkKey, fragmentKey, masterKey, rawFragmentKey } from '@patchbay/shared/object-keys';
import { MPEGDecoder } from 'mpg123-decoder';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DeskKit, people } from './desk-test-kit.ts';
import { FALLBACK_MS } from './finalise-desk.ts';
import { sessionId, timeZero } from './test-recording.ts';

const order = (more: { incomplete?: boolean; without?: string[]; guildIds?: string[] } = {}) => ({
  v: 1 as const,
  type: 'recording.finalise' as const,
  sessionId,
  ...more,
});

let kit: DeskKit;
beforeEach(async () => {
  kit = await DeskKit.start();
  await kit.record();
});
afterEach(() => kit.stop());

/** Energy of a second of the master around an instant, to see whether somebody is heard there. */
async function heardAt(instant: number): Promise<number> {
  const decoder = new MPEGDecoder({ enableGapless: false });
  await decoder.ready;
  const { channelData } = decoder.decode(await readFile(await kit.fetch(masterKey(sessionId))));
  decoder.free();
  const around = channelData[0]?.subarray((instant - 100) * 48, (instant + 100) * 48) ?? new Float32Array();
  return Math.max(...around.map(Math.abs));
}

test('an order makes all there is from the bucket alone, tells the tracks, and what follows is called', async () => {
  await kit.putChunks();
  const desk = await kit.desk();
  desk.start();
  await desk.order(order());
  const master = await kit.event('recording.master.stored');
  expect(master).toMatchObject({ guildId: '5', complete: true, participants: 3, outageSamples: 0 });
  expect(master.tracks?.map(({ userId, spokenSamples }) => [userId, spokenSamples])).toEqual(
    people.map((userId) => [userId, 50 * 960]),
  );
  await desk.close();
  expect(kit.progress.at(-1)).toBe(100);
  expect(kit.finalised).toEqual([sessionId]);
  expect(await readdir(join(kit.directory, 'jobs'))).toEqual([]);
  const manifest = await kit.manifest();
  expect(manifest).toMatchObject({ complete: true, incompleteBecause: [] });
  expect(manifest.objects.map(({ key }) => key).sort()).toEqual(
    (await kit.keys()).filter((key) => !/manifest/.test(key)),
  );
});

test('without an order the node waits a minute, and an order takes the place of its own', async () => {
  await kit.putChunks();
  const desk = await kit.desk();
  desk.start();
  await desk.stored(sessionId, ['5']);
  kit.time.runUntil(kit.time.now() + FALLBACK_MS - 1);
  expect(desk.isFinalising(sessionId)).toBe(false);
  kit.time.runUntil(kit.time.now() + 1);
  expect(desk.isFinalising(sessionId)).toBe(true);
  await kit.event('recording.master.stored');
  await desk.close();

  const second = await kit.desk();
  second.start();
  await second.stored(sessionId, ['5']);
  await second.order(order());
  expect(kit.time.pending).toBe(0);
  await kit.event('recording.master.stored', 2);
  await second.close();
});

test('an order that comes while the same is made joins it; one that says more begins anew', async () => {
  await kit.putChunks();
  const begun = Promise.withResolvers<void>();
  const desk = await kit.desk({ onProgress: () => begun.resolve() });
  desk.start();
  await desk.order(order());
  await begun.promise;
  await desk.order(order());
  await kit.event('recording.master.stored');
  await desk.close();
  expect(kit.events.filter(({ type }) => type === 'recording.master.stored')).toHaveLength(1);

  const again = Promise.withResolvers<void>();
  const second = await kit.desk({ onProgress: () => again.resolve() });
  second.start();
  await second.order(order({ incomplete: true }));
  await again.promise;
  await second.order(order());
  expect(await kit.event('recording.master.stored', 2)).toMatchObject({ complete: true });
  await second.close();
});

test('a master without a part of another node is marked, and whole when the part has come', async () => {
  await kit.putChunks(kit.chunks.slice(0, 2));
  const desk = await kit.desk();
  desk.start();
  await desk.order(order({ incomplete: true }));
  expect(await kit.event('recording.master.stored')).toMatchObject({ complete: false, participants: 2 });
  expect(await kit.manifest()).toMatchObject({ complete: false, incompleteBecause: ['part_elsewhere'] });
  await kit.putChunks(kit.chunks.slice(2));
  await desk.order(order());
  expect(await kit.event('recording.master.stored', 2)).toMatchObject({ complete: true, participants: 3 });
  await desk.close();
});

test('somebody is taken out, also when the chunks are gone: nothing of theirs is left, and the others are', async () => {
  await kit.putChunks();
  const desk = await kit.desk();
  desk.start();
  await desk.order(order());
  await kit.event('recording.master.stored');
  expect(await heardAt(13_000)).toBeGreaterThan(0.1);
  await desk.order(order({ without: ['8'] }));
  expect(await kit.event('recording.master.stored', 2)).toMatchObject({ complete: true, participants: 2 });
  expect((await kit.keys()).filter((key) => /[-/]8-/.test(key))).toEqual([]);
  expect(await heardAt(13_000)).toBeLessThan(0.01);
  expect(await heardAt(5_000)).toBeGreaterThan(0.1);

  // The retention deletes chunks before fragments and master.
  await kit.store.delete(people.map((userId) => chunkKey(sessionId, userId, timeZero)));
  await desk.order(order({ without: ['9'] }));
  await kit.event('recording.master.stored', 3);
  await desk.close();
  expect(await kit.keys()).toEqual(
    [
      fragmentKey(sessionId, '7', timeZero),
      rawFragmentKey(sessionId, '7', timeZero),
      masterKey(sessionId),
      (await kit.keys()).find((key) => /manifest/.test(key)) ?? '',
    ].sort(),
  );
  expect((await kit.manifest()).without).toEqual(['9']);
  expect(await heardAt(5_000)).toBeGreaterThan(0.1);
  expect(await heardAt(21_000)).toBeLessThan(0.01);
});

test('when everybody is taken out nothing is left, and whoever ordered it is told', async () => {
  await kit.putChunks();
  const desk = await kit.desk();
  desk.start();
  await desk.order(order());
  await kit.event('recording.master.stored');
  await desk.order(order({ without: people, guildIds: ['5'] }));
  expect(await kit.event('recording.failed')).toMatchObject({ guildId: '5', code: 'nothing_recorded' });
  await desk.close();
  expect(await kit.keys()).toEqual([]);
});

test('what was flushed stands for a chunk that never came, and goes when the chunk is there', async () => {
  await kit.putChunks(kit.chunks.slice(0, 2));
  await kit.putChunks(kit.chunks, true);
  const desk = await kit.desk();
  desk.start();
  await desk.order(order());
  expect(await kit.event('recording.master.stored')).toMatchObject({ complete: false, participants: 3 });
  expect((await kit.manifest()).incompleteBecause).toEqual(['partial_used']);
  expect((await kit.keys()).filter((key) => key.includes('/partial/'))).toHaveLength(1);
  await kit.putChunks();
  await desk.order(order());
  expect(await kit.event('recording.master.stored', 2)).toMatchObject({ complete: true });
  await desk.close();
  expect((await kit.keys()).filter((key) => key.includes('/partial/'))).toEqual([]);
});

test('an order for what is still being recorded waits until it is stored; a killed process takes it up', async () => {
  kit.busy.add(sessionId);
  const first = await kit.desk();
  first.start();
  await first.order(order({ without: ['9'] }));
  await first.close();
  expect(kit.events).toEqual([]);

  await kit.putChunks();
  const second = await kit.desk();
  second.start();
  kit.busy.clear();
  await second.stored(sessionId, ['5']);
  expect(await kit.event('recording.master.stored')).toMatchObject({ participants: 2 });
  await second.close();
});

test('chunks that come while the master is made are taken in by another round', async () => {
  await kit.putChunks(kit.chunks.slice(0, 2));
  let put: Promise<void> | undefined;
  const desk = await kit.desk({
    onProgress: () => {
      put ??= kit.putChunks(kit.chunks.slice(2));
    },
    // The bucket has them before the round looks again.
    onFinalised: async () => put,
  });
  desk.start();
  await desk.order(order());
  expect(await kit.event('recording.master.stored', 2)).toMatchObject({ participants: 3 });
  await desk.close();
});

test('a bucket that stays away is told once; the recording is made when it is back', async () => {
  await kit.putChunks();
  let listings = 0;
  const store = {
    fetch: kit.store.fetch.bind(kit.store),
    delete: kit.store.delete.bind(kit.store),
    list: async (prefix: string) => {
      listings += 1;
      if (listings > 4) return kit.store.list(prefix);
      // When the desk has begun to wait for its next try.
      setImmediate(() => kit.time.runUntil(kit.time.now() + 300_000));
      throw new Error('away');
    },
  };
  const desk = await kit.desk({ store });
  desk.start();
  await desk.order(order({ guildIds: ['5'] }));
  expect(await kit.event('recording.failed')).toMatchObject({ guildId: '5', code: 'finalise_failed' });
  await kit.event('recording.master.stored');
  await desk.close();
  expect(kit.events.filter(({ type }) => type === 'recording.failed')).toHaveLength(1);
});
