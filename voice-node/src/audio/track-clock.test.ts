import { expect, test } from 'vitest';
import { TrackClock } from './track-clock.ts';

/** Packets of 20 ms spoken from `spokenAt`, each delayed by what `delay` says. */
function place(clock: TrackClock, spokenAt: number, first: number, count: number, delay: (index: number) => number) {
  return Array.from({ length: count }, (_, index) =>
    clock.place({
      sequence: first + index,
      timestamp: Math.round((spokenAt + index * 20) * 48),
      arrivedAt: spokenAt + index * 20 + delay(index),
    }),
  );
}

test('inside a spurt RTP alone decides: jitter moves nothing', () => {
  const clock = new TrackClock(0);
  const placed = place(clock, 1000, 0, 50, (index) => (index * 7) % 20);
  for (const [index, { position }] of placed.entries()) expect(position).toBe((1000 + index * 20) * 48);
});

test('a first packet that was late is corrected at the next spurt, by the least delayed one', () => {
  const clock = new TrackClock(0);
  const first = place(clock, 1000, 0, 20, (index) => (index === 0 ? 15 : 3));
  expect(first[5]?.position).toBe((1100 + 15) * 48);
  const second = place(clock, 3000, 20, 5, () => 9);
  expect(second[0]?.startsSpurt).toBe(true);
  expect(second[0]?.position).toBe((3000 + 3) * 48);
});

test('an old minimum leaves the window, so that drift is followed', () => {
  const clock = new TrackClock(0);
  place(clock, 0, 0, 5, () => 0);
  const later = place(clock, 20_000, 5, 5, () => 4);
  expect(later[0]?.position).toBe(20_004 * 48);
});
