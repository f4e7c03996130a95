import { expect, test } from 'vitest';
import { type DiskLevel, diskLevel, ratePerHour } from './disk-policy.ts';

const MB = 1e6;
const limits = { warnBytes: 2_000 * MB, stopBytes: 200 * MB };

test.each<[free: number, perHour: number, before: DiskLevel, level: DiskLevel]>([
  [5_000, 100, 'fine', 'fine'],
  [2_001, 100, 'fine', 'fine'],
  [1_999, 100, 'fine', 'low'],
  // What would be written within an hour counts where it is more.
  [5_000, 5_001, 'fine', 'low'],
  [5_000, 4_999, 'fine', 'fine'],
  [199, 0, 'fine', 'full'],
  [199, 0, 'low', 'full'],
  // No flapping.
  [2_100, 100, 'low', 'low'],
  [2_201, 100, 'low', 'fine'],
  [210, 0, 'full', 'full'],
  [221, 0, 'full', 'low'],
])('%i MB free, %i MB an hour, %s before: %s', (free, perHour, before, level) => {
  expect(diskLevel({ free: free * MB, bytesPerHour: perHour * MB }, limits, before)).toBe(level);
});

test('a rate needs two looks', () => {
  expect(ratePerHour([])).toBe(0);
  expect(ratePerHour([{ at: 0, written: 50 }])).toBe(0);
  expect(
    ratePerHour([
      { at: 0, written: 50 },
      { at: 10_000, written: 90 },
      { at: 36_000, written: 150 },
    ]),
  ).toBe(10_000);
});
