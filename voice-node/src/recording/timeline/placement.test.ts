import { expect, test } from 'vitest';
import { loadClips } from '../../../../sim/src/clips/library.ts';
import { type VirtualSpeech, virtualCall } from '../../../../sim/src/scenario/virtual-call.ts';
import { FRAME_SAMPLES, type VoicePacket } from '../../audio/packet.ts';
import { type PlacedPacket, placeTrack } from './placement.ts';
import { newTrack, type TrackState } from './track-state.ts';

const timeZero = 1_767_225_600_000;
const clips = [...(await loadClips()).values()];

/** A spurt that begins so many ms after time zero, on a clock of its own. */
function spurt(
  at: number,
  count: number,
  more: Partial<VoicePacket> & { first?: number; delay?: (index: number) => number } = {},
) {
  const { ssrc = 1, sequence = 65_530, timestamp = 0xffff_ff00, first = 0, delay = () => 0, userId = '1' } = more;
  return Array.from(
    { length: count },
    (_, index): VoicePacket => ({
      userId,
      ssrc,
      sequence: (sequence + first + index) & 0xffff,
      timestamp: (timestamp + Math.round(at * 48) + index * FRAME_SAMPLES) >>> 0,
      arrivedAt: timeZero + at + index * 20 + delay(index),
      opus: Uint8Array.of(0xf8, first + index, 1),
    }),
  );
}
const exact = ({ frame, shift }: PlacedPacket): number => (frame * FRAME_SAMPLES + shift) / 48;
const place = (packets: VoicePacket[], from = 0, to = 15_000, state: TrackState = newTrack()) =>
  placeTrack(state, packets, { timeZero, firstFrame: from, endFrame: to });

test('jitter moves nothing, not even at the first packet: those that follow tell where the stream stands', () => {
  const { packets } = place(spurt(1007, 50, { delay: (index) => (index === 0 ? 19 : (index * 7) % 20) }));
  for (const [index, packet] of packets.entries()) expect(exact(packet)).toBeCloseTo(1007 + index * 20, 5);
  expect(packets.map(({ frame }) => frame)).toEqual(packets.map((_, index) => 50 + index));
});

test('order, duplicates and loss by the counters, over the wrap of both', () => {
  const [a, b, c, d, e, f] = spurt(0, 6) as [
    VoicePacket,
    VoicePacket,
    VoicePacket,
    VoicePacket,
    VoicePacket,
    VoicePacket,
  ];
  const { packets, unplaced } = place([a, c, b, b, f, e]);
  expect(packets.map(({ opus }) => opus[1])).toEqual([0, 1, 2, 4, 5]);
  expect(packets.map(({ lostBefore }) => lostBefore)).toEqual([0, 0, 0, 1, 0]);
  expect(unplaced.duplicate).toBe(1);
  void d;
});

test('somebody who floods the channel is placed as well', () => {
  const flood = Array.from({ length: 200_000 }, (_, index) => ({
    ...(spurt(0, 1)[0] as VoicePacket),
    sequence: index % 65_536,
  }));
  expect(() => place(flood)).not.toThrow();
});

test('a sender whose RTP time stands still in silence is placed by arrival', () => {
  const first = spurt(1000, 20);
  const second = spurt(9000, 20, { first: 20 }).map((packet, index) => ({
    ...packet,
    timestamp: ((first[19]?.timestamp ?? 0) + (index + 6) * FRAME_SAMPLES) >>> 0,
  }));
  const { packets } = place([...first, ...second]);
  expect(exact(packets[20] as PlacedPacket)).toBeCloseTo(9000, 5);
});

test('cut anywhere into chunks, the same packets lie at the same places, none twice and none lost', () => {
  const packets: VoicePacket[] = [
    ...spurt(500, 400, { delay: (index) => (index * 13) % 20 }),
    ...spurt(9_100, 700, { first: 400, delay: (index) => (index * 7) % 20 }),
    ...spurt(25_003, 300, { ssrc: 2, sequence: 5, delay: (index) => (index * 3) % 20 }),
  ];
  const whole = place(packets, 0, 3000).packets;
  for (const cut of [7, 100, 455, 600, 1249, 1251]) {
    // What has arrived when the chunk is built: its span and a while after it.
    const until = timeZero + cut * 20 + 5000;
    const first = place(
      packets.filter(({ arrivedAt }) => arrivedAt < until),
      0,
      cut,
    );
    const state = JSON.parse(JSON.stringify(first.state), (key, value) =>
      key === 'opus' ? Uint8Array.from(Object.values(value as object) as number[]) : value,
    ) as TrackState;
    const second = place(
      packets.filter(({ arrivedAt }) => arrivedAt >= until),
      cut,
      3000,
      state,
    );
    const both = [...first.packets, ...second.packets];
    expect(both.map(({ opus, frame }) => [opus[1], frame])).toEqual(whole.map(({ opus, frame }) => [opus[1], frame]));
    for (const [index, packet] of both.entries()) {
      expect(Math.abs(exact(packet) - exact(whole[index] as PlacedPacket))).toBeLessThan(1);
    }
    expect([first.unplaced, second.unplaced]).toEqual(Array(2).fill({ late: 0, duplicate: 0, early: 0, oddLength: 0 }));
  }
});

test.each([
  ['no skew and no jitter', 0, 0, 1],
  ['200 ppm and 20 ms of jitter', 200, 20, 10],
])('an hour with %s: every clip lies where it was spoken', (_, skewPpm, jitterMs, boundMs) => {
  const speeches: VirtualSpeech[] = [];
  const packets: VoicePacket[] = [];
  const faults = { jitterMs };
  for (const packet of virtualCall({
    seed: 'placement',
    durationMs: 3_600_000,
    startsAt: timeZero,
    speakers: [{ userId: '7', clips, skewPpm, faults, pauseMs: 20_000 }],
    onSpeech: (speech) => speeches.push(speech),
  })) {
    packets.push(packet);
  }
  const placed = new Map<Uint8Array, PlacedPacket>();
  let state = newTrack();
  for (let chunk = 0; chunk < 12; chunk += 1) {
    const [from, to] = [chunk * 15_000, (chunk + 1) * 15_000];
    const since = chunk === 0 ? 0 : timeZero + from * 20 + 5000;
    const arrived = packets.filter(({ arrivedAt }) => arrivedAt >= since && arrivedAt < timeZero + to * 20 + 5000);
    const step = placeTrack(state, arrived, { timeZero, firstFrame: from, endFrame: to });
    state = step.state;
    for (const packet of step.packets) placed.set(packet.opus, packet);
    expect(step.unplaced).toEqual({ late: 0, duplicate: 0, early: 0, oddLength: 0 });
  }
  const errors = speeches.flatMap(({ startedAt, firstTimestamp }) => {
    const first = packets.find(({ timestamp }) => timestamp === firstTimestamp);
    const packet = first && placed.get(first.opus);
    return packet ? [Math.abs(exact(packet) - (startedAt - timeZero))] : [];
  });
  // What was begun in the last seconds may be beyond the end.
  expect(errors.length).toBeGreaterThanOrEqual(speeches.length - 1);
  expect(speeches.length).toBeGreaterThan(100);
  expect(Math.max(...errors)).toBeLessThan(boundMs);
});
