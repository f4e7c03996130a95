import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

test('doubles from one second to sixteen, and jitter only shortens', () => {
  expect([0, 1, 2, 3, 4, 9].map((attempt) => backoffMs(attempt, 0))).toEqual([1000, 2000, 4000, 8000, 16_000, 16_000]);
  expect(backoffMs(2, 1)).toBe(2000);
});
