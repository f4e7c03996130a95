import { expect, test } from 'vitest';
import { libopus } from '../audio/opus-codec.ts';
import { VirtualTime } from '../ops/virtual-time.ts';
import { Bridge } from './bridge.ts';
import { ListeningCodec } from './listening-codec.ts';
import { play, TestLeg, toneFrames } from './test-legs.ts';

/** A pause of a few ms in RTP time, less than a frame, was once concealed as if a packet were lost: 20 ms more delay each time. */

/** Delay of each mixed packet, spurt by spurt: a voice alone, always mixed, with the same pause after each spurt. */
function delays(pauseMs: number, spurts = 40, frames = 30) {
  const time = new VirtualTime();
  const codec = new ListeningCodec(libopus, time);
  const [a, b] = [new TestLeg('a', time), new TestLeg('b', time)];
  const bridge = new Bridge({ legs: [a, b], routes: [['a', 'b']], scheduler: time, passThrough: false, codec });
  const voice = toneFrames(440, frames);
  // Five silence frames are sent after each spurt; then the pause, over which the sender's RTP time goes on.
  const period = (frames + 5) * 20 + pauseMs;
  const speeches = Array.from({ length: spurts }, (_, spurt) => ({
    leg: a,
    userId: '1',
    frames: voice.map((opus) => Uint8Array.from(opus)),
    at: time.now() + spurt * period,
    sequence: spurt * (frames + 5),
    timestamp: spurt * period * 48,
  }));
  const arrivals = new Map<Uint8Array, number>(
    speeches.flatMap((speech) => speech.frames.map((opus, index) => [opus, speech.at + index * 20] as const)),
  );
  play(time, speeches, time.now() + spurts * period + 1000);
  bridge.close();
  return codec.decoded.flatMap(({ opus, at }) => {
    const arrivedAt = arrivals.get(opus);
    return arrivedAt === undefined ? [] : [at - arrivedAt];
  });
}

test.each([0, 3, 8, 13, 20, 53, 100, 500])(
  'the delay of a mix does not grow from spurt to spurt, with pauses of %i ms',
  (pauseMs) => {
    const found = delays(pauseMs);
    expect(found).toHaveLength(40 * 30);
    expect(Math.max(...found)).toBeLessThanOrEqual(40);
    expect(found.reduce((sum, delay) => sum + delay, 0) / found.length).toBeLessThan(31);
  },
);

test('delay that one jam brought is taken off in mid-speech by leaving out frames that are silent, not before they are', () => {
  const time = new VirtualTime();
  const codec = new ListeningCodec(libopus, time);
  const [a, b] = [new TestLeg('a', time), new TestLeg('b', time)];
  const bridge = new Bridge({ legs: [a, b], routes: [['a', 'b']], scheduler: time, passThrough: false, codec });
  const start = time.now();
  // Twenty seconds of voice; one second in the middle is silence that is encoded as sound, as of an open microphone.
  const voice = toneFrames(440, 500);
  const frames = [...voice, ...toneFrames(440, 50, 0), ...voice.map((opus) => Uint8Array.from(opus))];
  const late = (index: number) => (index >= 100 && index < 103 ? 45 - (index - 100) * 15 : 0);
  const arrivals = new Map<Uint8Array, number>();
  for (const [index, opus] of frames.entries()) {
    const spokenAt = start + index * 20;
    time.runUntil(spokenAt + late(index));
    arrivals.set(opus, spokenAt);
    const arrivedAt = time.now();
    a.receive({ userId: '1', ssrc: 1, sequence: index, timestamp: index * 960, arrivedAt, opus });
  }
  time.runUntil(start + 25_000);
  bridge.close();
  const delays = codec.decoded.flatMap(({ opus, at }) => {
    const spokenAt = arrivals.get(opus);
    return spokenAt === undefined ? [] : [{ at: spokenAt - start, delay: at - spokenAt }];
  });
  const between = (from: number, to: number) =>
    delays.filter(({ at }) => at >= from && at < to).map(({ delay }) => delay);
  expect(Math.max(...between(0, 1900))).toBeLessThanOrEqual(40);
  expect(Math.min(...between(2200, 10_000))).toBeGreaterThan(40);
  expect(Math.max(...between(2200, 10_000))).toBeLessThanOrEqual(60);
  expect(Math.max(...between(11_100, 20_000))).toBeLessThanOrEqual(40);
  expect(bridge.counters.skipped).toBeGreaterThan(0);
  expect(bridge.counters.skipped).toBeLessThan(4);
});
