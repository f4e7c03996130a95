import type { PatchbayError } from '@patchbay/shared/errors';
import { expect, test } from 'vitest';
import { createLogger } from '../../ops/logger.ts';
import { VirtualTime } from '../../ops/virtual-time.ts';
import { DiskGuard, LOOK_EVERY_MS } from './disk-guard.ts';

const GB = 1e9;

function guarded() {
  const time = new VirtualTime();
  const disk = { free: 10 * GB, asked: 0 };
  const failed: PatchbayError[] = [];
  const levels: string[] = [];
  const run = { written: 0, fail: (error: PatchbayError) => void failed.push(error) };
  const guard = new DiskGuard({
    directory: '/data',
    warnBytes: 2 * GB,
    stopBytes: 200 * 2 ** 20,
    free: async () => {
      disk.asked += 1;
      return disk.free;
    },
    scheduler: time,
    logger: createLogger('silent'),
  });
  guard.follow((level) => levels.push(level));
  return { guard, time, disk, run, failed, levels };
}

test('what a disk holds is told as it changes, and below the last limit every recording is stopped with what to do', async () => {
  const { guard, disk, run, failed, levels } = guarded();
  guard.watch(run);
  for (const free of [10, 1.9, 1.5, 0.19, 0.5, 9]) {
    disk.free = free * GB;
    await guard.look();
  }
  expect(levels).toEqual(['fine', 'low', 'full', 'low', 'fine']);
  expect(failed.map(({ code }) => code)).toEqual(['disk_full']);
  expect(failed[0]?.message).toContain('200 MB');
});

test('a disk that would be full within the hour is low', async () => {
  const { guard, time, disk, run, levels } = guarded();
  guard.watch(run);
  disk.free = 5 * GB;
  await guard.look();
  time.runUntil(time.now() + LOOK_EVERY_MS / 2);
  run.written = 0.01 * GB;
  await guard.look();
  expect(levels).toEqual(['fine', 'low']);
});

test('no recording begins on a full disk, and nobody looks while nothing is recorded', async () => {
  const { guard, time, disk, run } = guarded();
  disk.free = 0.1 * GB;
  await expect(guard.mayRecord()).rejects.toMatchObject({ code: 'disk_full' });
  disk.free = 10 * GB;
  await expect(guard.mayRecord()).resolves.toBeUndefined();
  const ends = guard.watch(run);
  const before = disk.asked;
  time.runUntil(time.now() + LOOK_EVERY_MS);
  expect(disk.asked).toBe(before + 1);
  ends();
  time.runUntil(time.now() + 100 * LOOK_EVERY_MS);
  expect(disk.asked).toBe(before + 1);
  expect(time.pending).toBe(0);
});
