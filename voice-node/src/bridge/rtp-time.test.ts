import { expect, test } from 'vitest';
import type { OutgoingPacket } from '../audio/packet.ts';
import { isSilence } from '../audio/toc.ts';
import { tones } from '../audio/tones/tones.ts';
import { play, type SentPacket, type Speech, toneFrames } from './test-legs.ts';
import { testRoom } from './test-room.ts';

/**
 * RTP time of what goes out stands where the voice was spoken, whatever held its first packet up: a receiver that ties RTP time to its
 * least delayed packet would else hear the other spurts early.
 */

const voice = toneFrames(440, 50);
/** The first packet is so late, and the next ones come with it, as out of a stalled event loop. */
const jam = (ms: number) => (index: number) => Math.max(0, ms - index * 20);
/** Spoken at an instant by a clock that goes on over silence. */
const said = (speech: Omit<Speech, 'frames' | 'sequence' | 'timestamp'>, start: number, sequence: number): Speech => ({
  frames: voice,
  timestamp: Math.round((speech.at - start) * 48) + 77_777,
  sequence,
  ...speech,
});

/** Instant at which each spurt stands by RTP time, when the least delayed packet of all ties RTP time to the clock. ms. */
function spurtsAt(sent: readonly SentPacket[]): number[] {
  const [first] = sent;
  if (!first) return [];
  const place = ({ timestamp }: OutgoingPacket) => ((timestamp - first.timestamp) | 0) / 48;
  const anchor = Math.min(...sent.map((packet) => packet.at - place(packet)));
  const starts = sent.filter(({ opus }) => opus === voice[0]);
  return starts.map((packet) => anchor + place(packet));
}

function expectForward(sent: readonly SentPacket[]): void {
  for (const [index, packet] of sent.slice(1).entries()) {
    const before = sent[index];
    expect((packet.timestamp - (before?.timestamp ?? 0)) | 0, `packet ${index + 1}`).toBeGreaterThanOrEqual(960);
    expect(((packet.sequence - (before?.sequence ?? 0)) << 16) >> 16).toBeGreaterThan(0);
  }
}

test.each([10, 28, 63, 150])('the very first packet is %i ms late: later spurts are where they were spoken', (late) => {
  const { bridge, legs, start, time } = testRoom(['a', 'b']);
  const [leg, userId] = [legs.a, '1'];
  const at = [start, start + 3000, start + 6000];
  play(
    time,
    at.map((instant, index) =>
      said({ leg, userId, at: instant, ...(index === 0 ? { delay: jam(late) } : {}) }, start, index * 55),
    ),
    start + 9000,
  );
  for (const [index, instant] of spurtsAt(legs.b.sent).entries()) expect(instant).toBeCloseTo(at[index] ?? 0, 1);
  expectForward(legs.b.sent);
  bridge.close();
});

test.each([10, 28, 63, 150])(
  'a later spurt begins %i ms late: it and all others are where they were spoken',
  (late) => {
    const { bridge, legs, start, time } = testRoom(['a', 'b']);
    const [leg, userId] = [legs.a, '1'];
    // Also after a silence longer than the window in which packets are compared.
    const at = [start, start + 3000, start + 6000, start + 26_000, start + 29_000];
    play(
      time,
      at.map((instant, index) =>
        said({ leg, userId, at: instant, ...(index % 2 === 1 ? { delay: jam(late) } : {}) }, start, index * 55),
      ),
      start + 32_000,
    );
    const found = spurtsAt(legs.b.sent);
    expect(found).toHaveLength(5);
    // Over 20 s without a packet two clocks may have parted by 5 ms.
    for (const [index, instant] of found.entries())
      expect(Math.abs(instant - (at[index] ?? 0)), `spurt ${index}`).toBeLessThan(5.1);
    expectForward(legs.b.sent);
    bridge.close();
  },
);

test('newcomers whose first packets are late do not make RTP time run ahead of the clock', () => {
  const { bridge, legs, start, time } = testRoom(['a', 'b']);
  const at = Array.from({ length: 12 }, (_, index) => start + index * 2000);
  play(
    time,
    at.map((instant, index) =>
      said({ leg: legs.a, userId: `${index + 1}`, at: instant, delay: jam(index === 0 ? 0 : 40) }, start, 0),
    ),
    start + 30_000,
  );
  const again = said({ leg: legs.a, userId: '1', at: start + 30_000 }, start, 55);
  play(time, [again], start + 33_000);
  const found = spurtsAt(legs.b.sent);
  expect((found.at(-1) ?? 0) - (found[0] ?? 0)).toBeCloseTo(30_000, 0);
  expectForward(legs.b.sent);
  bridge.close();
});

test('the event loop stalls as a spurt begins: what is read late stands in its place', () => {
  const { bridge, legs, start, time } = testRoom(['a', 'b']);
  const at = [start, start + 2000, start + 4000];
  const speeches = at.map((instant, index) => said({ leg: legs.a, userId: '1', at: instant }, start, index * 55));
  play(time, speeches.slice(0, 1), start + 1990);
  // Stops 10 ms before the spurt and reads four packets at once.
  time.stall(80);
  const [, second] = speeches;
  if (!second) throw new Error('three spurts');
  const rest = { ...second, delay: jam(70) };
  play(time, [rest], start + 3990);
  play(time, speeches.slice(2), start + 6000);
  for (const [index, instant] of spurtsAt(legs.b.sent).entries()) expect(instant).toBeCloseTo(at[index] ?? 0, 1);
  expectForward(legs.b.sent);
  bridge.close();
});

test('after a tone that played to silence, RTP time goes on with the clock', () => {
  const { bridge, legs, start, time } = testRoom(['a', 'b']);
  bridge.play('b', tones.hold);
  time.runUntil(start + 3000);
  bridge.stop('b');
  time.runUntil(start + 8000);
  play(time, [said({ leg: legs.a, userId: '1', at: start + 8000 }, start, 0)], start + 10_000);
  expect(spurtsAt(legs.b.sent)[0]).toBeCloseTo(start + 8000, 1);
  bridge.play('b', tones.hold);
  time.runUntil(start + 15_000);
  const tone = legs.b.sent.filter(({ at, opus }) => at >= start + 9500 && !isSilence(opus));
  const [first] = legs.b.sent;
  const offset = (packet: SentPacket | undefined) =>
    (packet?.at ?? 0) - (((packet?.timestamp ?? 0) - (first?.timestamp ?? 0)) | 0) / 48;
  expect(offset(tone[0])).toBeCloseTo(offset(first), 1);
  expectForward(legs.b.sent);
  bridge.close();
});

test.each([
  ['back', -500_000],
  ['a little back', -480],
  ['far ahead', 9_999_999],
])('a source whose RTP time jumps %s in mid-speech moves ours neither back nor ahead', (_, jump) => {
  const { bridge, legs, start, time } = testRoom(['a', 'b']);
  const [leg, userId] = [legs.a, '1'];
  play(
    time,
    [
      { leg, userId, frames: voice, at: start, sequence: 0, timestamp: 5_000_000, silence: false },
      { leg, userId, frames: voice, at: start + 1000, sequence: 50, timestamp: 5_048_000 + jump },
      said({ leg: legs.a, userId: '2', at: start + 5000 }, start, 0),
    ],
    start + 7000,
  );
  const found = spurtsAt(legs.b.sent);
  for (const [index, at] of [start, start + 1000, start + 5000].entries()) {
    expect(Math.abs((found[index] ?? 0) - at), `spurt ${index}`).toBeLessThan(11);
  }
  expectForward(legs.b.sent);
  bridge.close();
});
