import { expect, test } from 'vitest';
import { amplitudeAt, decodeTimeline, play, toneFrames } from './test-legs.ts';
import { testRoom } from './test-room.ts';
import { Volumes } from './volumes.ts';

/** Level of a tone between two instants of a timeline, in dB relative to how it was spoken. */
const levelOf = (timeline: Float32Array, hertz: number, fromMs: number, toMs: number, amplitude = 8000) =>
  20 * Math.log10(amplitudeAt(timeline.subarray(fromMs * 48, toMs * 48), hertz) / (amplitude / 32_768));

test('orders for a leg, a person, and a person on a leg multiply; 1 takes one back; more than +6 dB is not given', () => {
  const volumes = new Volumes();
  expect(volumes.of('a', '1')).toBe(1);
  volumes.set({ legId: 'a', volume: 0.5 });
  volumes.set({ userId: '1', volume: 1.5 });
  expect([volumes.of('a', '1'), volumes.of('a', '2'), volumes.of('b', '1')]).toEqual([0.75, 0.5, 1.5]);
  volumes.set({ legId: 'a', userId: '1', volume: 0 });
  expect([volumes.of('a', '1'), volumes.of('b', '1')]).toEqual([0, 1.5]);
  volumes.set({ legId: 'b', volume: 2 });
  expect(volumes.of('b', '1')).toBe(2);
  for (const order of [
    { userId: '1', volume: 1 },
    { legId: 'a', volume: 1 },
    { legId: 'a', userId: '1', volume: 1 },
  ]) {
    volumes.set(order);
  }
  expect(volumes.of('a', '1')).toBe(1);
});

test.each([
  { userId: '1', volume: 2.1 },
  { userId: '1', volume: -1 },
  { userId: '1', volume: Number.NaN },
  { volume: 0.5 },
])('an order that makes no sense is refused: %o', (order) => {
  expect(() => new Volumes().set(order)).toThrow(expect.objectContaining({ code: 'volume_invalid' }));
});

test('a voice with a volume is mixed at exactly that level; the others are passed through', () => {
  const { bridge, legs, start, time } = testRoom(['a', 'b', 'c']);
  bridge.setVolume({ userId: '1', volume: 0.5 });
  const other = toneFrames(900, 50);
  play(
    time,
    [
      { leg: legs.a, userId: '1', frames: toneFrames(500, 100), at: start },
      { leg: legs.b, userId: '2', frames: other, at: start + 3000 },
    ],
    start + 6000,
  );
  expect(Math.abs(levelOf(decodeTimeline(legs.b.sent), 500, 500, 1500) + 6.02)).toBeLessThan(0.3);
  expect(legs.c.sent.filter(({ opus }) => other.includes(opus))).toHaveLength(50);
  bridge.close();
});

test('twice as loud is limited, not clipped', () => {
  const { bridge, legs, start, time } = testRoom(['a', 'b']);
  bridge.setVolume({ legId: 'a', volume: 2 });
  play(time, [{ leg: legs.a, userId: '1', frames: toneFrames(500, 100, 6000), at: start }], start + 4000);
  expect(Math.abs(levelOf(decodeTimeline(legs.b.sent), 500, 500, 1500, 12_000))).toBeLessThan(0.3);
  play(time, [{ leg: legs.a, userId: '2', frames: toneFrames(500, 100, 30_000), at: start + 5000 }], start + 9000);
  const loud = legs.b.sent.filter(({ at }) => at > start + 5000);
  const peak = decodeTimeline(loud).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(peak).toBeGreaterThan(0.8);
  // What wraps around at 16 bits is softer than before, not louder.
  expect(levelOf(decodeTimeline(loud), 500, 500, 1500, 30_000)).toBeGreaterThan(0);
  bridge.close();
});

test('a volume that is set in mid-speech takes over without a hole; at 1 again, pass-through returns with the next spurt', () => {
  const { bridge, legs, start, time } = testRoom(['a', 'b']);
  const frames = toneFrames(500, 100);
  const [first, second] = [frames.slice(0, 50), frames.slice(50)];
  play(time, [{ leg: legs.a, userId: '1', frames: first, at: start, silence: false }], start + 990);
  bridge.setVolume({ legId: 'a', userId: '1', volume: 0.25 });
  const rest = { sequence: 150, timestamp: 48_000 + 50 * 960 };
  play(time, [{ leg: legs.a, userId: '1', frames: second, at: start + 1000, ...rest }], start + 3000);
  const timeline = decodeTimeline(legs.b.sent);
  expect(Math.abs(levelOf(timeline, 500, 200, 900))).toBeLessThan(0.3);
  expect(Math.abs(levelOf(timeline, 500, 1200, 1900) + 12.04)).toBeLessThan(0.3);
  const distances = legs.b.sent
    .slice(1)
    .map(({ timestamp }, index) => (timestamp - (legs.b.sent[index]?.timestamp ?? 0)) >>> 0);
  expect(distances.slice(0, 98)).toEqual(Array(98).fill(960));
  bridge.setVolume({ legId: 'a', userId: '1', volume: 1 });
  const again = toneFrames(500, 20);
  play(
    time,
    [{ leg: legs.a, userId: '1', frames: again, at: start + 4000, sequence: 300, timestamp: 4_000_000 }],
    start + 6000,
  );
  expect(legs.b.sent.filter(({ opus }) => again.includes(opus))).toHaveLength(20);
  bridge.close();
});

test('at volume 0 nothing is sent, not even in mid-speech', () => {
  const { bridge, legs, start, time } = testRoom(['a', 'b']);
  const frames = toneFrames(500, 100);
  play(time, [{ leg: legs.a, userId: '1', frames: frames.slice(0, 50), at: start, silence: false }], start + 990);
  bridge.setVolume({ userId: '1', volume: 0 });
  const rest = { sequence: 150, timestamp: 48_000 + 50 * 960 };
  play(time, [{ leg: legs.a, userId: '1', frames: frames.slice(50), at: start + 1000, ...rest }], start + 3000);
  // The five silence frames of the end.
  expect(legs.b.sent).toHaveLength(55);
  expect(bridge.counters.mixed).toBe(0);
  bridge.close();
});
