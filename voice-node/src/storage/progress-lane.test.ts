import { expect, test } from 'vitest';
import { createLogger } from '../ops/logger.ts';
import { VirtualTime } from '../ops/virtual-time.ts';
import { ProgressLane, type ProgressMessage } from './progress-lane.ts';
import { WaitingBytes } from './waiting-bytes.ts';

test('a stage is told once a second at most, and its end always', () => {
  const [time, told] = [new VirtualTime(), [] as ProgressMessage[]];
  const send = (message: ProgressMessage): boolean => told.push(message) > 0;
  const lane = new ProgressLane({ send, logger: createLogger('silent'), scheduler: time });
  for (let percent = 0; percent <= 100; percent += 1) {
    lane.tell('S', 'finalising', percent + 0.9);
    time.runUntil(time.now() + 30);
  }
  lane.tell('T', 'uploading', 5);
  expect(told.map(({ sessionId, stage, percent }) => [sessionId, stage, percent])).toEqual([
    ['S', 'finalising', 0],
    ['S', 'finalising', 34],
    ['S', 'finalising', 68],
    ['S', 'finalising', 100],
    ['T', 'uploading', 5],
  ]);
});

test('bytes of a session count from when nothing of it waited', () => {
  const waiting = new WaitingBytes();
  waiting.add('S', 300);
  waiting.add('S', 100);
  waiting.add('T', 9);
  expect(waiting.done('S', 100)).toBe(25);
  waiting.add('S', 100);
  expect(waiting.done('S', 300)).toBe(80);
  expect(waiting.done('S', 100)).toBe(100);
  expect([waiting.has('S'), waiting.has('T')]).toEqual([false, true]);
  waiting.add('S', 10);
  waiting.add('S', 10);
  expect(waiting.done('S', 10)).toBe(50);
  expect(waiting.done('unknown', 1)).toBeUndefined();
});
