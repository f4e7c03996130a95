/** Promise 5 of the design: no ticket is matched twice, none starves, none is lost, and the order is kept. */
import { expect, test } from 'vitest';
import { Model } from './matchmaker-model.ts';

test.each([1, 2, 3, 4, 5, 6])('random arrivals, leaves, aborts and crashes keep the promises (seed %i)', (seed) => {
  const model = new Model(seed);
  for (let step = 0; step < 3_000; step += 1) {
    model.step();
    if (model.violations.length > 0) break;
  }
  model.settle();
  expect(model.violations).toEqual([]);
  // The world was not a quiet one.
  const { arrivals, matches, confirmed, aborted, crashes, expired } = model.counts;
  expect(arrivals).toBeGreaterThan(1_000);
  expect(Math.min(matches, confirmed, aborted)).toBeGreaterThan(100);
  expect(Math.min(crashes, expired)).toBeGreaterThan(20);
});
