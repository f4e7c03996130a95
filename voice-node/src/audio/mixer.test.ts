import { expect, test } from 'vitest';
import { addFrame, limitInto, softLimit } from './mixer.ts';

test('sums inside the linear range exactly', () => {
  const sum = new Int32Array(4);
  addFrame(sum, Int16Array.of(1000, -2000, 3000, 0));
  addFrame(sum, Int16Array.of(500, 500, -3000, 7));
  const output = new Int16Array(4);
  limitInto(output, sum);
  expect([...output]).toEqual([1500, -1500, 0, 7]);
});

test('never passes full scale, rises monotonically, and has no step at the knee', () => {
  let last = 0;
  for (let value = 0; value < 300_000; value += 37) {
    const limited = softLimit(value);
    expect(limited).toBeLessThanOrEqual(32_767);
    expect(limited).toBeGreaterThanOrEqual(last);
    expect(limited - last).toBeLessThanOrEqual(37.001);
    expect(softLimit(-value)).toBe(value === 0 ? -0 : -limited);
    last = limited;
  }
});
