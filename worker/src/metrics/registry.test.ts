import { beforeEach, expect, test } from 'vitest';
import { count, exposition, onCount, putBack, take } from './registry.ts';

beforeEach(() => {
  take();
});

test('counts add up until they are taken, and those that were not handed over come back', () => {
  let told = 0;
  onCount(() => {
    told += 1;
  });
  count('patchbay_rejoins_total', { result: 'link' });
  count('patchbay_rejoins_total', { result: 'link' }, 2);
  const deltas = take();
  expect(deltas).toEqual([{ series: 'patchbay_rejoins_total{result="link"}', value: 3 }]);
  expect(take()).toEqual([]);
  putBack(deltas);
  count('patchbay_rejoins_total', { result: 'link' });
  expect(take()).toEqual([{ series: 'patchbay_rejoins_total{result="link"}', value: 4 }]);
  expect(told).toBe(3);
});

test('what is shown has a type, and a label cannot break out of its line', () => {
  count('patchbay_rejoins_total', { result: 'a"} 1\nevil 2' });
  const totals = Object.fromEntries(take().map(({ series, value }) => [series, value]));
  const text = exposition({ ...totals, of_an_older_version: 7 });
  expect(text).toContain('# TYPE patchbay_rejoins_total counter\npatchbay_rejoins_total{result="a_} 1_evil 2"} 1\n');
  expect(text).not.toContain('older');
});
