import { expect, test } from 'vitest';
import { DelayMeter } from './delay-meter.ts';
import { play, toneFrames } from './test-legs.ts';
import { testRoom } from './test-room.ts';

test('the meter tells the median of the last five seconds, and nothing after silence', () => {
  const meter = new DelayMeter();
  expect(meter.p50(0)).toBeUndefined();
  for (const [at, delay] of [
    [1000, 50],
    [7000, 1],
    [7100, 9],
    [7200, 3],
  ] as const) {
    meter.add(at - delay, at);
  }
  expect(meter.p50(5000)).toBe(3); // of all four, the lower of the two in the middle
  expect(meter.p50(8000)).toBe(3);
  meter.add(7900 - 1, 7900);
  expect(meter.p50(8000)).toBe(1);
  expect(meter.p50(13_000)).toBeUndefined();
});

test('the meter keeps the newest of many', () => {
  const meter = new DelayMeter();
  for (let at = 0; at < 1000; at += 1) meter.add(at - (at < 700 ? 80 : 2), at);
  expect(meter.p50(1000)).toBe(2);
});

test('a voice that is passed through is not held up; in a mix, the wait in the buffer counts', () => {
  const { bridge, legs, start, time } = testRoom(['a', 'b']);
  play(time, [{ leg: legs.a, userId: '1', frames: toneFrames(500, 50), at: start }], start + 1000);
  expect(bridge.live()).toEqual([
    { legId: 'a', spoke: ['1'] },
    { legId: 'b', spoke: [], delayMs: 0 },
  ]);
  bridge.setVolume({ userId: '1', volume: 0.5 });
  const again = { sequence: 900, timestamp: 900_000 };
  play(time, [{ leg: legs.a, userId: '1', frames: toneFrames(500, 400), at: start + 2000, ...again }], start + 10_000);
  const delayMs = bridge.live()[1]?.delayMs ?? 0;
  // The buffer holds a voice for 20 ms and up to a tick.
  expect(delayMs).toBeGreaterThanOrEqual(20);
  expect(delayMs).toBeLessThanOrEqual(40);
  time.runUntil(start + 20_000);
  expect(bridge.live()).toEqual([
    { legId: 'a', spoke: [] },
    { legId: 'b', spoke: [] },
  ]);
  bridge.close();
});

test('who only sends silence has not spoken; who paused for a moment has', () => {
  const { bridge, legs, start, time } = testRoom(['a', 'b']);
  play(
    time,
    [
      { leg: legs.a, userId: '1', frames: toneFrames(500, 10), at: start },
      { leg: legs.b, userId: '2', frames: [], at: start },
    ],
    start + 3100,
  );
  expect(bridge.live().map(({ spoke }) => spoke)).toEqual([['1'], []]);
  time.runUntil(start + 3300);
  expect(bridge.live().map(({ spoke }) => spoke)).toEqual([[], []]);
  bridge.close();
});
