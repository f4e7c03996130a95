import { join } from 'node:path';
import { rawFragmentKey } from '@patchbay/shared/object-keys';
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

beforeEach(async () => {
  kit = await DeskKit.start();
  await kit.record(20_000);
  await kit.putChunks();
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
    report: async (draft) => void kit.events.push({ ...draft, early: true } as typeof draft),
    onWork: () => desk.wake(),
    onMade: () => undefined,
    logger: createLogger('silent'),
  });
  desk = await kit.desk({ aside: early });
});
afterEach(async () => {
  await desk.close();
  await kit.stop();
});

const earlyOnes = () => kit.events.filter((event) => 'early' in event);
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
  expect(earlyOnes()).toEqual([]);
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
  expect(earlyOnes()).toEqual([]);
});

test('of who was taken out nothing is made, while the recording goes on and the others have their fragments', async () => {
  kit.busy.add(sessionId);
  await desk.order(order(['8']));
  desk.start();
  const all = Promise.withResolvers<void>();
  const made = new Set<string>();
  const { report } = { report: kit.events.push.bind(kit.events) };
  kit.events.push = (...drafts) => {
    for (const draft of drafts) if (draft.type === 'recording.fragment.stored') made.add(draft.key);
    if (made.has(rawFragmentKey(sessionId, '7', timeZero)) && !early.hasWork) all.resolve();
    return report(...drafts);
  };
  noteAll();
  await all.promise;
  expect([...made].filter((key) => /-8-/.test(key))).toEqual([]);
  expect(made.size).toBeGreaterThan(0);
  expect((await kit.keys()).filter((key) => /[-/]8-/.test(key))).toEqual([]);
});

test('nothing of a person is made while something of theirs is erased, and what was made is made anew then', async () => {
  desk.start();
  const opened = Promise.withResolvers<void>();
  gate = opened.promise;
  noteAll();
  await fetching.promise;
  const order: string[] = [];
  const erased = early.around(sessionId, { userId: '7', from: timeZero, to: null }, async () => {
    order.push(`${earlyOnes().length} told`);
  });
  opened.resolve();
  await erased;
  expect(order).toEqual(['0 told']);
});
