import { expect, test } from 'vitest';
import { loadClips } from '../../../../sim/src/clips/library.ts';
import { SILENCE_FRAME, type VoicePacket } from '../../audio/packet.ts';
import { VirtualTime } from '../../ops/virtual-time.ts';
import { Ear, QUIET_END_MS, SPURT_END_MS } from './ear.ts';
import { FRAME_LENGTH, FRAME_MS, type SpeechFrame } from './speech-frame.ts';

const clips = await loadClips();
const speech = clips.get('ben-2')?.packets ?? [];
const timeZero = 1_000_000;

interface Sent {
  opus: Uint8Array;
  /** Frame of 20 ms of the speaker's clock. */
  at: number;
  sequence?: number;
  /** ms on the way. */
  delay?: number;
  ssrc?: number;
}

function listen(packets: readonly Sent[]) {
  const time = new VirtualTime(timeZero);
  const spurts: SpeechFrame[][] = [];
  const ends: number[] = [];
  let open: SpeechFrame[] = [];
  const ear = new Ear({
    timeZero,
    scheduler: time,
    onFrame: (frame) => open.push(frame),
    onEnd: () => {
      spurts.push(open);
      ends.push(time.now() - timeZero);
      open = [];
    },
  });
  const arrivals = packets.map(({ opus, at, sequence, delay = 0, ssrc = 5 }, index) => {
    const arrivedAt = timeZero + at * FRAME_MS + delay;
    const wire = { sequence: (65_530 + (sequence ?? index)) & 0xffff, timestamp: (4_294_960_000 + at * 960) >>> 0 };
    return { userId: '7', ssrc, ...wire, arrivedAt, opus } satisfies VoicePacket;
  });
  for (const packet of arrivals.sort((left, right) => left.arrivedAt - right.arrivedAt)) {
    time.runUntil(packet.arrivedAt);
    ear.packet(packet);
  }
  time.runUntil(time.now() + 1_000);
  return { spurts, ends };
}

const voice = (count: number, at = 0): Sent[] =>
  Array.from({ length: count }, (_, index) => ({ opus: speech[20 + index] ?? SILENCE_FRAME, at: at + index }));
const quiet = (at: number): Sent[] =>
  Array.from({ length: 5 }, (_, index) => ({ opus: SILENCE_FRAME, at: at + index }));
const energy = ({ pcm }: SpeechFrame): number => pcm.reduce((sum, sample) => sum + sample * sample, 0) / pcm.length;
const startOf = (spurt: readonly SpeechFrame[] | undefined): number =>
  (spurt?.[0]?.clock.startMs ?? 0) + (spurt?.[0]?.atMs ?? 0);

test('a spurt with its silence frames is over with the fifth of them, and lies where it was spoken', () => {
  const { spurts, ends } = listen([...voice(30, 50), ...quiet(80)]);
  expect(spurts.map(({ length }) => length)).toEqual([35]);
  expect(startOf(spurts[0])).toBeCloseTo(1_000, 3);
  expect(ends[0]).toBeLessThanOrEqual(80 * FRAME_MS + QUIET_END_MS);
  expect(spurts[0]?.every(({ pcm }) => pcm.length === FRAME_LENGTH)).toBe(true);
});

test('without silence frames it is over after 300 ms, and gets a tail of silence', () => {
  const { spurts, ends } = listen(voice(30));
  expect(spurts.map(({ length }) => length)).toEqual([35]);
  expect(ends[0]).toBeCloseTo(29 * FRAME_MS + SPURT_END_MS, 0);
});

test('packets that overtake each other are put in order; of doubles one is taken', () => {
  const [first, ...rest] = voice(10);
  const late = rest.map((packet, index) => ({ ...packet, sequence: index + 1, delay: index % 3 === 0 ? 45 : 0 }));
  const straight = listen([
    { ...(first as Sent), sequence: 0 },
    ...rest.map((packet, index) => ({ ...packet, sequence: index + 1 })),
  ]);
  const mixed = listen([{ ...(first as Sent), sequence: 0 }, ...late, { ...(late[4] as Sent), delay: 55 }]);
  expect(mixed.spurts[0]?.map(({ pcm }) => pcm)).toEqual(straight.spurts[0]?.map(({ pcm }) => pcm));
});

test('lost packets are guessed, a longer hole is silence, and what follows keeps its time', () => {
  const lossy = voice(40).map((packet, index) => ({ ...packet, sequence: index }));
  const { spurts } = listen(lossy.filter((_, index) => index !== 10 && (index < 20 || index > 26)));
  expect(spurts.map(({ length }) => length)).toEqual([45]);
  const [frames = []] = spurts;
  expect(energy(frames[10] as SpeechFrame)).toBeGreaterThan(0);
  expect(energy(frames[25] as SpeechFrame)).toBe(0);
});

test('a pause under 300 ms without silence frames is filled; a longer one makes two spurts', () => {
  const resumed = [...voice(10, 0), ...voice(10, 20)];
  expect(listen(resumed).spurts.map(({ length }) => length)).toEqual([35]);
  const paused = listen([...voice(10, 0), ...voice(10, 40)]);
  expect(paused.spurts.map(({ length }) => length)).toEqual([15, 15]);
  expect(startOf(paused.spurts[1])).toBeCloseTo(40 * FRAME_MS, 3);
});

test('jitter does not move a spurt: the least delayed packet tells where it is', () => {
  const { spurts } = listen(
    voice(30).map((packet, index) => ({ ...packet, delay: index === 0 ? 40 : (index * 7) % 20 })),
  );
  expect(startOf(spurts[0])).toBeCloseTo(0, 0);
});

test('another SSRC, as after a rejoin, is a new stream on the same timeline', () => {
  const { spurts } = listen([
    ...voice(10, 0),
    ...voice(10, 60).map((packet, index) => ({ ...packet, ssrc: 6, sequence: 900 + index })),
  ]);
  expect(spurts).toHaveLength(2);
  expect(startOf(spurts[1])).toBeCloseTo(1_200, 3);
});

test('a damaged packet is a hole of its length', () => {
  const packets = voice(10);
  packets[5] = { opus: Uint8Array.of(0xff, 0xff, 0xff), at: 5 };
  expect(listen(packets).spurts.map(({ length }) => length)).toEqual([15]);
});
