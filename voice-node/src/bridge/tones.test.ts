import { expect, test } from 'vitest';
import { tones } from '../audio/tones/tones.ts';
import { amplitudeAt, decodeTimeline, play, toneFrames } from './test-legs.ts';
import { testRoom } from './test-room.ts';

const AS_LOUD_AS_MADE = 2_900 / 32_768;
const decibels = (ratio: number) => 20 * Math.log10(ratio);
const levelOf = (timeline: Float32Array, hertz: number, fromMs: number, toMs: number) =>
  decibels(amplitudeAt(timeline.subarray(fromMs * 48, toMs * 48), hertz) / AS_LOUD_AS_MADE);

test('a tone is played to one leg alone, once, and everything is quiet again', () => {
  const { bridge, legs, start, time } = testRoom(['a', 'b']);
  bridge.play('a', tones.connect);
  time.runUntil(start + 3000);
  const timeline = decodeTimeline(legs.a.sent);
  expect(Math.abs(levelOf(timeline, 523.25, 50, 150))).toBeLessThan(1.5);
  expect(Math.abs(levelOf(timeline, 783.99, 250, 400))).toBeLessThan(1.5);
  expect(legs.a.sent).toHaveLength(tones.connect.packets.length + 5);
  expect(legs.a.stops).toBe(1);
  expect(legs.b.sent).toEqual([]);
  expect(time.pending).toBe(0);
  bridge.close();
});

test('under a voice a tone is 12 dB softer, and the voice keeps its level', () => {
  const { bridge, legs, start, time } = testRoom(['a', 'b']);
  const voice = { leg: legs.b, userId: '2', frames: toneFrames(1700, 150), at: start };
  play(time, [{ ...voice, frames: voice.frames.slice(0, 3), silence: false }], start + 50);
  bridge.play('a', tones.hold, { loop: true });
  const rest = { ...voice, frames: voice.frames.slice(3), at: start + 60, sequence: 103, timestamp: 48_000 + 3 * 960 };
  play(time, [rest], start + 8000);
  const timeline = decodeTimeline(legs.a.sent);
  expect(Math.abs(decibels(amplitudeAt(timeline.subarray(9600, 96_000), 1700) / (8000 / 32_768)))).toBeLessThan(0.5);
  expect(Math.abs(levelOf(timeline, 440, 250, 550) + 12)).toBeLessThan(1.5);
  // The loop's second round begins after four seconds: nobody speaks any more.
  expect(Math.abs(levelOf(timeline, 440, 4300, 4500))).toBeLessThan(1.5);
  bridge.close();
});

test('a leg on hold hears the hold tone in a loop and nobody else, is heard by nobody, and comes back', () => {
  const { bridge, legs, start, time } = testRoom(['a', 'b', 'c']);
  bridge.hold('a', true);
  play(
    time,
    [
      { leg: legs.a, userId: '1', frames: toneFrames(900, 100), at: start + 100 },
      { leg: legs.b, userId: '2', frames: toneFrames(1700, 100), at: start + 200 },
    ],
    start + 9000,
  );
  const held = decodeTimeline(legs.a.sent);
  expect(decibels(amplitudeAt(held.subarray(0, 144_000), 1700))).toBeLessThan(-70);
  for (const round of [0, 4000, 8000]) expect(Math.abs(levelOf(held, 440, round + 200, round + 550))).toBeLessThan(1.5);
  expect(legs.b.sent).toEqual([]);
  const voices = legs.c.sent.slice(0, 100);
  expect(decibels(amplitudeAt(decodeTimeline(voices), 900))).toBeLessThan(-60);
  bridge.play('a', tones.connect);
  time.runUntil(start + 12_000);
  expect(levelOf(decodeTimeline(legs.a.sent.filter(({ at }) => at > start + 9600)), 440, 100, 400)).toBeGreaterThan(-2);

  bridge.hold('a', false);
  time.runUntil(start + 14_000);
  const before = legs.a.sent.length;
  const again = toneFrames(500, 20);
  play(
    time,
    [{ leg: legs.a, userId: '1', frames: again, at: start + 15_000, sequence: 900, timestamp: 720_000 }],
    start + 17_000,
  );
  expect(legs.b.sent.filter(({ opus }) => again.includes(opus))).toHaveLength(20);
  expect(legs.a.sent).toHaveLength(before);
  expect(time.pending).toBe(0);
  bridge.close();
});

test('putting on hold takes a voice away in mid-speech, at both ends', () => {
  const { bridge, legs, start, time } = testRoom(['a', 'b', 'c']);
  const frames = toneFrames(900, 50);
  play(time, [{ leg: legs.a, userId: '1', frames: frames.slice(0, 25), at: start, silence: false }], start + 490);
  bridge.hold('a', true);
  const rest = { sequence: 125, timestamp: 48_000 + 25 * 960 };
  play(time, [{ leg: legs.a, userId: '1', frames: frames.slice(25), at: start + 500, ...rest }], start + 2000);
  expect(legs.b.sent.filter(({ opus }) => frames.includes(opus))).toHaveLength(25);
  expect(legs.c.sent.filter(({ opus }) => frames.includes(opus))).toHaveLength(25);
  bridge.close();
  expect(time.pending).toBe(0);
});

test('a leg that is not there is an error that says what to do', () => {
  const { bridge } = testRoom(['a', 'b']);
  for (const order of [() => bridge.play('x', tones.end), () => bridge.stop('x'), () => bridge.hold('x', true)]) {
    expect(order).toThrow(expect.objectContaining({ code: 'leg_unknown' }));
  }
  bridge.close();
});
