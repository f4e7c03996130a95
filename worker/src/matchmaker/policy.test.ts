import { expect, test } from 'vitest';
import { BLAMED_REST_MAX_MS, BLAMED_REST_MS, BLAMELESS_REST_MS, notBefore } from './policy.ts';
import { averageWait } from './waits.ts';

test('after an abort the blamed side rests, longer each time; the other is free at once', () => {
  const outcome = { kind: 'abort' as const, blamed: ['x'], gone: [] };
  expect(notBefore('x', outcome, 0, 1000)).toBe(1000 + BLAMED_REST_MS);
  expect(notBefore('x', outcome, 2, 1000)).toBe(1000 + 4 * BLAMED_REST_MS);
  expect(notBefore('x', outcome, 2000, 1000)).toBe(1000 + BLAMED_REST_MAX_MS);
  expect(notBefore('y', outcome, 2, 1000)).toBe(0);
  expect(notBefore('y', { kind: 'abort', blamed: [], gone: ['x'] }, 0, 1000)).toBe(0);
  expect(notBefore('y', { kind: 'abort', blamed: [], gone: [] }, 2, 1000)).toBe(1000 + BLAMELESS_REST_MS);
});

test('the average wait is that of all at first and follows the recent ones later', () => {
  let mean = 0;
  for (let count = 0; count < 4; count += 1) mean = averageWait(mean, count, count * 100);
  expect(mean).toBeCloseTo(150);
  for (let count = 100; count < 150; count += 1) mean = averageWait(mean, count, 1000);
  expect(mean).toBeGreaterThan(990);
});
