/** What becomes of a recording that cannot be made into chunks while the disk is full. */
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { now } from '../ops/clock.ts';
import { createLogger } from '../ops/logger.ts';
import { realTime, type Scheduler } from '../ops/scheduler.ts';
import { RecordingDesk } from './recording-desk.ts';
import { voicePacket } from './sessions-test-kit.ts';

const sessionId = '01JXRECRDNG00000000000000A';
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'recording-desk-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('a part that found no room is tried again while the node runs, and handed over once', async () => {
  const tries: { delayMs: number; task: () => void }[] = [];
  const scheduler: Scheduler = {
    ...realTime,
    after: (delayMs, task) => {
      tries.push({ delayMs, task });
      return () => undefined;
    },
  };
  const complete: string[] = [];
  const keys: string[] = [];
  let full = true;
  const desk = new RecordingDesk({
    directory,
    add: async (_path, { key }) => {
      if (full) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      keys.push(key);
      return { stored: Promise.resolve() };
    },
    onComplete: async (id) => void complete.push(id),
    scheduler,
    logger: createLogger('silent'),
  });
  const run = await desk.open(sessionId, now(), now());
  run.guild('5');
  for (let sequence = 1; sequence <= 10; sequence += 1) run.packet(voicePacket('7', sequence), '5');
  const failed = once(run, 'segmentFailed');
  expect(await run.finish()).toBe(false);
  await failed;
  await expect.poll(() => tries.length).toBe(1);
  expect([complete, keys]).toEqual([[], []]);

  // Still no room: it is tried later and later.
  tries[0]?.task();
  await expect.poll(() => tries.length).toBe(2);
  expect(tries[1]?.delayMs).toBeGreaterThan(tries[0]?.delayMs ?? Number.POSITIVE_INFINITY);

  full = false;
  tries[1]?.task();
  await expect.poll(() => readdir(directory)).toEqual([]);
  expect(complete).toEqual([sessionId]);
  expect(keys).toHaveLength(1);
  expect(tries).toHaveLength(2);
});
