import { expect, test } from 'vitest';
import { TrackClock } from './track-clock.ts';

interface Spurt {
  /** Instant of the first frame, ms from time zero. */
  spokenAt: number;
  /** Sequence number of the first packet. */
  first: number;
  count: number;
  /** How late each packet comes. */
  delay: (index: number) => number;
  /** RTP time of the first packet, where it does not follow the clock. */
  rtpMs?: number;
}

/** Packets of 20 ms, all of a spurt taken note of before the first is placed, as when they are held for those that were overtaken. */
function place(clock: TrackClock, { spokenAt, first, count, delay, rtpMs = spokenAt }: Spurt) {
  const observed = Array.from({ length: count }, (_, index) =>
    clock.observe({
      sequence: first + index,
      timestamp: Math.round((rtpMs + index * 20) * 48),
      arrivedAt: spokenAt + index * 20 + delay(index),
    }),
  );
  return observed.map((packet) => ({ ...packet, position: clock.place(packet) }));
}

test('inside a spurt RTP alone decides: jitter moves nothing', () => {
  const clock = new TrackClock(0);
  const placed = place(clock, { spokenAt: 1000, first: 0, count: 50, delay: (index) => (index * 7) % 20 });
  for (const [index, { position }] of placed.entries()) expect(position).toBe((1000 + index * 20) * 48);
});

test('a first packet that was late is corrected by those that come while it is held', () => {
  const clock = new TrackClock(0);
  const placed = place(clock, { spokenAt: 1000, first: 0, count: 20, delay: (index) => Math.max(3, 63 - index * 20) });
  expect(placed[0]?.position).toBe(1003 * 48);
  expect(placed[5]?.position).toBe(1103 * 48);
});

test('what comes after a packet was placed moves the next spurt only', () => {
  const clock = new TrackClock(0);
  const packet = (sequence: number, arrivedAt: number) =>
    clock.observe({ sequence, timestamp: sequence * 960, arrivedAt });
  const [late, next] = [packet(50, 1015), packet(51, 1023)];
  clock.place(late);
  const early = packet(52, 1041);
  expect(clock.place(next) - 1020 * 48).toBe(3 * 48);
  expect(clock.place(early) - 1040 * 48).toBe(3 * 48);
  const second = place(clock, { spokenAt: 3000, first: 150, count: 5, delay: () => 9 });
  expect(second[0]).toMatchObject({ startsSpurt: true, position: 3001 * 48 });
});

test('an old minimum leaves the window, so that drift is followed', () => {
  const clock = new TrackClock(0);
  place(clock, { spokenAt: 0, first: 0, count: 5, delay: () => 0 });
  const later = place(clock, { spokenAt: 20_000, first: 5, count: 5, delay: () => 4 });
  expect(later[0]?.position).toBe(20_004 * 48);
});

test('after a long silence a spurt that is late as a whole stands where the earlier ones say, but for drift', () => {
  const clock = new TrackClock(0);
  place(clock, { spokenAt: 0, first: 0, count: 5, delay: () => 0 });
  const later = place(clock, { spokenAt: 20_000, first: 5, count: 5, delay: () => 60 });
  expect((later[0]?.position ?? 0) / 48 - 20_000).toBeCloseTo(5, 0);
});

test('a sender whose RTP time stands still in pauses is placed where it was heard', () => {
  const clock = new TrackClock(0);
  place(clock, { spokenAt: 1000, first: 0, count: 10, delay: () => 0 });
  const later = place(clock, { spokenAt: 3000, first: 10, count: 10, delay: () => 2, rtpMs: 1200 });
  expect(later[0]).toMatchObject({ startsSpurt: true, position: 3002 * 48 });
});
