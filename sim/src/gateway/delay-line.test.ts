import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DelayLine } from './delay-line.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('each item comes when its delay is over, and none overtakes another', () => {
  const passed: string[] = [];
  const line = new DelayLine<string>((item) => passed.push(item));
  line.push('at once', 0);
  expect(passed).toEqual(['at once']);
  line.push('slow', 100);
  line.push('quick', 10);
  line.push('undelayed', 0);
  vi.advanceTimersByTime(99);
  expect(passed).toHaveLength(1);
  vi.advanceTimersByTime(2);
  expect(passed).toEqual(['at once', 'slow', 'quick', 'undelayed']);
  line.push('never', 10);
  line.stop();
  vi.advanceTimersByTime(20);
  expect(passed).toHaveLength(4);
});
