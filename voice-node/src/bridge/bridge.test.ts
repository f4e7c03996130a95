import { fullMatrix } from '@patchbay/shared/routing';
import { expect, test } from 'vitest';
import { isSilence } from '../audio/toc.ts';
import { VirtualTime } from '../ops/virtual-time.ts';
import { Bridge } from './bridge.ts';
import { amplitudeAt, decodeTimeline, play, TestLeg, toneFrames } from './test-legs.ts';

const decibels = (ratio: number) => 20 * Math.log10(ratio);

function room(...names: string[]) {
  const time = new VirtualTime();
  const legs = names.map((name) => new TestLeg(name, time));
  const bridge = new Bridge({ legs, routes: fullMatrix(names), scheduler: time });
  const [a, b, c] = legs;
  if (!a || !b) throw new Error('a room has two legs');
  return { time, bridge, a, b, c: c ?? b, start: time.now() };
}

test('one speaker: packets go out untouched, on arrival, with their distances, over both wraps, and never back', () => {
  const { time, bridge, a, b, start } = room('a', 'b');
  const frames = toneFrames(440, 50);
  play(
    time,
    [{ leg: a, userId: '1', frames, at: start, sequence: 65_530, timestamp: 0xffff_0000, lost: [10, 11] }],
    start + 3000,
  );
  const voiced = b.sent.filter(({ opus }) => !isSilence(opus));
  expect(voiced.map(({ opus }) => opus)).toEqual(frames.filter((_, index) => index !== 10 && index !== 11));
  for (const [index, packet] of b.sent.entries()) {
    const source = index < 10 ? index : index + 2;
    expect((packet.sequence - (b.sent[0]?.sequence ?? 0)) & 0xffff).toBe(source);
    expect((packet.timestamp - (b.sent[0]?.timestamp ?? 0)) >>> 0).toBe(source * 960);
    expect(packet.at).toBe(start + source * 20);
  }
  expect(a.sent).toEqual([]);
  expect(b.stops).toBe(1);
  expect(time.pending).toBe(0);
  bridge.close();
});

test('late packets and duplicates are dropped', () => {
  const { a, b, bridge, start } = room('a', 'b');
  const [one, two, three] = toneFrames(440, 3);
  const packet = (sequence: number, opus: Uint8Array | undefined) => ({
    userId: '1',
    ssrc: 1,
    sequence,
    timestamp: sequence * 960,
    arrivedAt: start + sequence,
    opus: opus ?? new Uint8Array(),
  });
  a.receive(packet(1, one));
  a.receive(packet(3, three));
  a.receive(packet(2, two));
  a.receive(packet(3, three));
  expect(b.sent.map(({ opus }) => opus)).toEqual([one, three]);
  expect(bridge.counters.late).toBe(2);
  bridge.close();
});

test('over silence RTP time goes on with the wall clock', () => {
  const { time, bridge, a, b, start } = room('a', 'b');
  const frames = toneFrames(440, 10);
  play(
    time,
    [
      { leg: a, userId: '1', frames, at: start },
      { leg: a, userId: '1', frames, at: start + 5000, sequence: 115, timestamp: 9_999_999 },
    ],
    start + 8000,
  );
  const first = b.sent[0];
  const second = b.sent.find(({ at }) => at === start + 5000);
  expect(((second?.timestamp ?? 0) - (first?.timestamp ?? 0)) >>> 0).toBe(5000 * 48);
  expect(((second?.sequence ?? 0) - (first?.sequence ?? 0)) & 0xffff).toBe(15);
  bridge.close();
});

test('the delay that a mix adds does not add up: RTP time is back on the wall clock at the next pass-through', () => {
  const { time, bridge, a, b, c, start } = room('a', 'b', 'c');
  const alone = toneFrames(900, 10);
  const rounds = [0, 1, 2].flatMap((round) => {
    const at = start + round * 4000;
    const counters = (count: number) => ({ sequence: count * 500, timestamp: count * 999_999 });
    return [
      { leg: a, userId: '1', frames: toneFrames(500, 50), at, ...counters(round * 10 + 1) },
      { leg: b, userId: '2', frames: toneFrames(1700, 50), at: at + 207, ...counters(round * 10 + 2) },
      { leg: a, userId: '1', frames: alone, at: at + 2500, ...counters(round * 10 + 5) },
    ];
  });
  play(time, rounds, start + 14_000);
  const first = c.sent[0];
  const offsets = c.sent
    .filter(({ opus }) => opus === alone[0])
    .map(({ at, timestamp }) => ((timestamp - (first?.timestamp ?? 0)) | 0) / 48 - (at - start));
  expect(offsets).toHaveLength(3);
  for (const offset of offsets) expect(Math.abs(offset)).toBeLessThan(0.1);
  expect(bridge.counters.mixed).toBeGreaterThan(100);
  bridge.close();
});

test('one silence frame separates two speakers; a source that ended in silence needs no other', () => {
  const { time, bridge, a, b, c, start } = room('a', 'b', 'c');
  const low = toneFrames(300, 20);
  const high = toneFrames(1200, 20);
  // The first one's end is lost: no silence frames. The second starts after the spurt's time-out, so that nobody overlaps.
  play(
    time,
    [
      { leg: a, userId: '1', frames: low, at: start, silence: false },
      { leg: b, userId: '2', frames: high, at: start + 760 },
    ],
    start + 3000,
  );
  const kinds = c.sent.map(({ opus }) =>
    isSilence(opus) ? '-' : low.includes(opus) ? 'L' : high.includes(opus) ? 'H' : '?',
  );
  const line = kinds.join('');
  expect(line).toMatch(/^L{20}-+H{20}-{5}$/);
  expect(new Set(c.sent.map(({ sequence }) => sequence)).size).toBe(c.sent.length);
  bridge.close();
});

test('overlapping voices are mixed at their levels; each side hears only the others', () => {
  const { time, bridge, a, b, c, start } = room('a', 'b', 'c');
  play(
    time,
    [
      { leg: a, userId: '1', frames: toneFrames(500, 150), at: start },
      { leg: b, userId: '2', frames: toneFrames(1700, 100), at: start + 507 },
    ],
    start + 6000,
  );
  const both = decodeTimeline(c.sent).subarray(48_000, 48_000 + 72_000);
  expect(Math.abs(decibels(amplitudeAt(both, 500) / (8000 / 32_768)))).toBeLessThan(0.5);
  expect(Math.abs(decibels(amplitudeAt(both, 1700) / (8000 / 32_768)))).toBeLessThan(0.5);
  const atA = decodeTimeline(a.sent);
  expect(decibels(amplitudeAt(atA, 500) / (8000 / 32_768))).toBeLessThan(-60);
  expect(Math.abs(decibels(amplitudeAt(atA.subarray(9600, 57_600), 1700) / (8000 / 32_768)))).toBeLessThan(0.5);
  expect(bridge.counters.mixed).toBeGreaterThan(90);
  expect(bridge.counters.concealed).toBe(0);
  expect(time.pending).toBe(0);
  bridge.close();
});

test('two people of one channel are mixed too, and pass-through returns at the next spurt', () => {
  const { time, bridge, a, b, start } = room('a', 'b');
  const again = toneFrames(900, 25);
  play(
    time,
    [
      { leg: a, userId: '1', frames: toneFrames(500, 60), at: start },
      { leg: a, userId: '2', frames: toneFrames(1700, 60), at: start + 303 },
      { leg: a, userId: '1', frames: again, at: start + 3000, sequence: 200, timestamp: 500_000 },
    ],
    start + 6000,
  );
  expect(a.sent).toEqual([]);
  const tail = b.sent.filter(({ at }) => at >= start + 3000 && at < start + 3500).map(({ opus }) => opus);
  expect(tail).toEqual(again);
  bridge.close();
});

test('the change from pass-through to mixing colours one frame and leaves no hole: the level stays, frame by frame', () => {
  const { time, bridge, a, b, c, start } = room('a', 'b', 'c');
  const quiet = toneFrames(3000, 60, 1);
  play(
    time,
    [
      { leg: a, userId: '1', frames: toneFrames(500, 100), at: start },
      { leg: b, userId: '2', frames: quiet, at: start + 808 },
    ],
    start + 4000,
  );
  const heard = decodeTimeline(c.sent);
  for (let frame = 10; frame < 90; frame += 1) {
    const level = decibels(amplitudeAt(heard.subarray(frame * 960, frame * 960 + 960), 500) / (8000 / 32_768));
    // The receiver's decoder meets a fresh encoder in mid-speech: one frame that is off, never silence or a pop.
    expect(Math.abs(level), `frame ${frame}`).toBeLessThan(frame === 41 ? 5 : 2);
  }
  bridge.close();
});

test('after a stall three ticks are made up at most, and RTP time keeps up', () => {
  const { time, bridge, a, b, c, start } = room('a', 'b', 'c');
  play(
    time,
    [
      { leg: a, userId: '1', frames: toneFrames(500, 25), at: start, silence: false },
      { leg: b, userId: '2', frames: toneFrames(1700, 10), at: start + 301, silence: false },
    ],
    start + 500,
  );
  const before = c.sent.length;
  const last = c.sent.at(-1);
  time.stall(200);
  time.runUntil(time.now());
  const made = c.sent.slice(before);
  expect(made).toHaveLength(3);
  const elapsed = ((made.at(-1)?.timestamp ?? 0) - (last?.timestamp ?? 0)) >>> 0;
  expect(elapsed).toBe(10 * 960);
  expect(bridge.counters.missedTicks).toBe(7);
  bridge.close();
});

test('packets that are not Opus never break the bridge', () => {
  const { time, bridge, a, b, c, start } = room('a', 'b', 'c');
  const garbage = Array.from({ length: 40 }, (_, index) => Uint8Array.from({ length: index % 5 }, () => 255 - index));
  play(
    time,
    [
      { leg: a, userId: '1', frames: garbage, at: start },
      { leg: b, userId: '2', frames: toneFrames(1700, 40), at: start + 101 },
    ],
    start + 3000,
  );
  expect(bridge.counters.undecodable).toBeGreaterThan(0);
  expect(c.sent.length).toBeGreaterThan(40);
  bridge.close();
});

test('a route that is taken away is silent at once', () => {
  const { time, bridge, a, b, start } = room('a', 'b');
  const frames = toneFrames(500, 50);
  play(time, [{ leg: a, userId: '1', frames: frames.slice(0, 25), at: start, silence: false }], start + 490);
  bridge.updateRoutes([['b', 'a']]);
  const sequence = 125;
  play(
    time,
    [{ leg: a, userId: '1', frames: frames.slice(25), at: start + 500, sequence, timestamp: 48_000 + 25 * 960 }],
    start + 3000,
  );
  expect(b.sent.filter(({ opus }) => !isSilence(opus))).toHaveLength(25);
  bridge.close();
});

test('without pass-through a voice alone is decoded, mixed and encoded, at its level', () => {
  const time = new VirtualTime();
  const [a, b] = [new TestLeg('a', time), new TestLeg('b', time)];
  const bridge = new Bridge({ legs: [a, b], routes: fullMatrix(['a', 'b']), scheduler: time, passThrough: false });
  const frames = toneFrames(500, 100);
  play(time, [{ leg: a, userId: '1', frames, at: time.now() }], time.now() + 4000);
  expect(bridge.counters.passed).toBe(0);
  expect(bridge.counters.mixed).toBeGreaterThan(99);
  expect(b.sent.filter(({ opus }) => frames.includes(opus))).toEqual([]);
  const level = amplitudeAt(decodeTimeline(b.sent).subarray(24_000, 72_000), 500) / (8000 / 32_768);
  expect(Math.abs(decibels(level))).toBeLessThan(0.5);
  expect(a.sent).toEqual([]);
  expect(time.pending).toBe(0);
  bridge.close();
});
