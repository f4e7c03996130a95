import { expect, test } from 'vitest';
import { isSilence } from '../audio/toc.ts';
import { amplitudeAt, decodeTimeline, play, toneFrames } from './test-legs.ts';
import { testRoom } from './test-room.ts';

const level = (samples: Float32Array, hertz: number) => 20 * Math.log10(amplitudeAt(samples, hertz) / (8000 / 32_768));

test('the event loop stops for 300 ms in a mix: three ticks are made up, then all is in step with no more delay than before', () => {
  const { bridge, legs, start, time } = testRoom(['a', 'b', 'c']);
  const [low, high] = [toneFrames(500, 200), toneFrames(1700, 200)];
  const said = (from: number, to: number) =>
    [
      { leg: legs.a, userId: '1', frames: low, at: start },
      { leg: legs.b, userId: '2', frames: high, at: start + 1 },
    ].map(({ frames, at, ...who }) => ({
      ...who,
      frames: frames.slice(from, to),
      at: at + from * 20,
      sequence: 100 + from,
      timestamp: 48_000 + from * 960,
      silence: to === 200,
    }));
  play(time, said(0, 60), start + 1190);
  const before = legs.c.sent.length;
  const clock = legs.c.sent.at(-1);
  time.stall(300);
  // What came meanwhile is read when the loop goes on: timers first, then the socket, then what timers put off.
  for (const { leg, userId, frames, sequence, timestamp } of said(60, 75)) {
    for (const [index, opus] of frames.entries()) {
      const numbers = { sequence: sequence + index, timestamp: timestamp + index * 960 };
      leg.receive({ userId, ssrc: Number(userId), ...numbers, arrivedAt: time.now(), opus });
    }
  }
  time.runUntil(time.now());
  const made = legs.c.sent.slice(before);
  expect(made).toHaveLength(3);
  const advanced = (((made.at(-1)?.timestamp ?? 0) - (clock?.timestamp ?? 0)) >>> 0) / 48;
  expect(advanced).toBeGreaterThanOrEqual(280);
  expect(advanced).toBeLessThanOrEqual(320);
  play(time, said(75, 200), start + 4000);
  const after = legs.c.sent.filter(({ at, opus }) => at > start + 1500 && at < start + 3900 && !isSilence(opus));
  for (const [index, packet] of after.slice(1).entries()) {
    expect(packet.at - (after[index]?.at ?? 0)).toBeCloseTo(20, 5);
    expect((packet.timestamp - (after[index]?.timestamp ?? 0)) >>> 0).toBe(960);
  }
  const heard = decodeTimeline(after).subarray(4800, 96_000);
  expect(Math.abs(level(heard, 500))).toBeLessThan(0.5);
  expect(Math.abs(level(heard, 1700))).toBeLessThan(0.5);
  expect(bridge.counters.missedTicks).toBeGreaterThanOrEqual(11);
  // Both ended at 4,000 ms; nothing was said for more than 60 ms after that.
  expect(after.at(-1)?.at ?? 0).toBeLessThanOrEqual(start + 4000 + 60);
  bridge.close();
});

test.each([15, 35, 55])(
  'stalls of %i ms in a mix leave nothing out: ticks that are made up are of their own time',
  (ms) => {
    /** Two voices for ten seconds, with a stall every 703 ms. */
    const mixed = (stallMs: number) => {
      const { bridge, legs, start, time } = testRoom(['a', 'b', 'c']);
      const said = (leg: keyof typeof legs, userId: string, frames: Uint8Array[], at: number) =>
        frames.map((opus, index) => {
          const numbers = { ssrc: Number(userId), sequence: index, timestamp: index * 960 };
          return { leg: legs[leg], at: at + index * 20, packet: { userId, ...numbers, opus } };
        });
      const packets = [
        ...said('a', '1', toneFrames(500, 500), start),
        ...said('b', '2', toneFrames(1700, 500), start + 7),
      ].sort((left, right) => left.at - right.at);
      let next = start + 500;
      for (const { leg, at, packet } of packets) {
        if (at >= next) {
          time.runUntil(Math.max(next, time.now()));
          time.stall(stallMs);
          next += 703;
        }
        // What came in the stall is read as it ends, before the timers that put themselves off.
        if (at > time.now()) time.runUntil(at);
        leg.receive({ ...packet, arrivedAt: time.now() });
      }
      time.runUntil(start + 12_000);
      bridge.close();
      return { ...bridge.counters, heard: decodeTimeline(legs.c.sent) };
    };
    const [stalled, free] = [mixed(ms), mixed(0)];
    expect(stalled.missedTicks).toBe(0);
    expect(stalled.skipped).toBe(free.skipped);
    expect(stalled.concealed).toBe(free.concealed);
    expect(Math.abs(level(stalled.heard.subarray(48_000, 432_000), 500))).toBeLessThan(0.1);
    expect(Math.abs(level(stalled.heard.subarray(48_000, 432_000), 1700))).toBeLessThan(0.1);
  },
);

test.each([40, 80, 100])('a pause of %i ms does not end "speaking"', (pause) => {
  const { bridge, legs, start, time } = testRoom(['a', 'b']);
  const speeches = Array.from({ length: 10 }, (_, index) => ({
    leg: legs.a,
    userId: '1',
    frames: toneFrames(500, 10),
    // With the five silence frames, without a packet for what is left of the pause.
    at: start + index * (200 + pause),
    sequence: index * 20,
    timestamp: index * (200 + pause) * 48,
    silence: false,
  }));
  play(time, speeches, start + 10 * (200 + pause));
  expect(legs.b.stops).toBe(0);
  time.runUntil(start + 10_000);
  expect(legs.b.stops).toBe(1);
  bridge.close();
});
