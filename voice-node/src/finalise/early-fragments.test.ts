import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogger } from '../ops/logger.ts';
import { DeskKit } from './desk-test-kit.ts';
import { EarlyFragments } from './early-fragments.ts';
import type { FinaliseDesk } from './finalise-desk.ts';
import { sessionId, timeZero } from './test-recording.ts';

const order = (without: string[] = []) => ({ v: 1 as const, type: 'recording.finalise' as const, sessionId, without });

let kit: DeskKit;
let early: EarlyFragments;
let desk: FinaliseDesk;
let fetching: PromiseWithResolvers<void>;
/** A fetch of the early fragments waits for it. */
let gate: Promise<void>;
/** Whose fragments were told of early, one for each file. */
let told: string[];
let made: number;
const happened = new EventEmitter();

beforeEach(async () => {
  kit = await DeskKit.start();
  await kit.record(20_000);
  await kit.putChunks();
  [told, made] = [[], 0];
  [fetching, gate] = [Promise.withResolvers<void>(), Promise.resolve()];
  early = new EarlyFragments({
    store: {
      list: kit.store.list.bind(kit.store),
      put: kit.store.put.bind(kit.store),
      fetch: async (key, path) => {
        fetching.resolve();
        await gate;
        return kit.store.fetch(key, path);
      },
    },
    directory: join(kit.directory, 'early'),
    mp3Fragments: false,
    report: async (draft) => {
      if (draft.type === 'recording.fragment.stored') told.push(draft.userId);
    },
    onWork: () => desk.wake(),
    onMade: () => {
      made += 1;
      happened.emit('made');
    },
    logger: createLogger('silent'),
  });
  desk = await kit.desk({ aside: early });
});
afterEach(async () => {
  await desk.close();
  await kit.stop();
});

/** When so many fragments were made early. */
async function madeEarly(count: number): Promise<void> {
  while (made < count) await once(happened, 'made');
}
const noteAll = (): void => {
  for (const chunk of kit.chunks) early.noted(chunk);
  early.stored(sessionId);
};

test('an order drops what waits for its session, and it is not made after the master either', async () => {
  noteAll();
  expect(early.hasWork).toBe(true);
  await desk.order(order());
  desk.start();
  await kit.event('recording.master.stored');
  expect(early.hasWork).toBe(false);
  expect(told).toEqual([]);
});

test('an order stops the one that is being made; nothing of it is told', async () => {
  const opened = Promise.withResolvers<void>();
  gate = opened.promise;
  desk.start();
  noteAll();
  await fetching.promise;
  await desk.order(order());
  opened.resolve();
  await kit.event('recording.master.stored');
  expect(early.hasWork).toBe(false);
  expect(told).toEqual([]);
});

test('of who was taken out nothing is made, while the recording goes on and the others have their fragments', async () => {
  kit.busy.add(sessionId);
  desk.start();
  await desk.order(order(['8']));
  // A chunk that was on its way meanwhile.
  await kit.putChunks();
  noteAll();
  await madeEarly(2);
  expect(told).toEqual(['7', '7', '9', '9']);
  expect(early.hasWork).toBe(false);
});

test('nothing of a person is made while something of theirs is erased; it is made after the next rotation', async () => {
  const opened = Promise.withResolvers<void>();
  gate = opened.promise;
  desk.start();
  noteAll();
  await fetching.promise;
  const erased = early.around(sessionId, { userId: '7', from: timeZero, to: null }, async () => {
    // The others' go on.
    await madeEarly(2);
    expect(told).toEqual(['8', '8', '9', '9']);
    early.stored(sessionId);
    expect(early.hasWork).toBe(false);
  });
  opened.resolve();
  await erased;
  expect((await kit.keys()).filter((key) => /full.*-7-/.test(key))).toEqual([]);
  early.stored(sessionId);
  await madeEarly(3);
  expect(told.slice(4)).toEqual(['7', '7']);
});

test('a stay that the chunks know longer is left to the end: it goes on after a restart of the node', async () => {
  desk.start();
  const [first, second] = kit.chunks;
  if (!first || !second) throw new Error('Nothing was recorded.');
  early.noted({ ...first, stays: [[48_000, 20_000 * 48]] });
  early.noted({ ...first, stays: [[0, 10_000 * 48]] });
  early.noted(second);
  early.stored(sessionId);
  await madeEarly(1);
  expect(told).toEqual(['8', '8']);
});
