import { expect, test } from 'vitest';
import { RejoinLimit } from './rejoining.ts';

test('five requests in ten seconds, for each person', () => {
  const limit = new RejoinLimit();
  for (let at = 0; at < 5_000; at += 1_000) expect(limit.take('1', at)).toBe(0);
  expect(limit.take('1', 5_000)).toBe(5_000);
  expect(limit.take('2', 5_000)).toBe(0);
  expect(limit.take('1', 10_000)).toBe(0);
  expect(limit.take('1', 10_001)).toBe(999);
});
