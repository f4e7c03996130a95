import { MAX_SEALED_VOICES, SEALED_MS } from '@patchbay/shared/sealed-report';
import { expect, test } from 'vitest';
import { RecentVoices, VOICE_BYTES } from './recent-voices.ts';

const packet = (userId: string, sequence: number, bytes = 160) => ({
  userId,
  ssrc: Number(userId),
  sequence: sequence & 0xffff,
  timestamp: (sequence * 960) >>> 0,
  arrivedAt: sequence * 20,
  opus: new Uint8Array(bytes).fill(0x78),
});
const shape = (ring: RecentVoices, now: number) =>
  ring.take(now).map(({ legId, userId, packets }) => [legId, userId, packets.length, packets[0]?.arrivedAt]);

test('the last ten seconds of each voice on each leg are kept, and nothing older', () => {
  const ring = new RecentVoices();
  for (let sequence = 0; sequence < 3_000; sequence += 1) {
    ring.add('a', packet('1', sequence));
    if (sequence % 2 === 0) ring.add('b', packet('2', sequence));
  }
  const now = 3_000 * 20;
  expect(shape(ring, now)).toEqual([
    ['a', '1', 500, now - SEALED_MS],
    ['b', '2', 250, now - SEALED_MS],
  ]);
  expect(ring.bytes).toBe(750 * 160);
  // Taking leaves the ring as it is.
  expect(shape(ring, now)).toHaveLength(2);
});

test('a room that fell silent is forgotten too', () => {
  const ring = new RecentVoices();
  for (let sequence = 0; sequence < 100; sequence += 1) ring.add('a', packet('1', sequence));
  ring.sweep(99 * 20 + SEALED_MS);
  expect(ring.bytes).toBe(160);
  ring.sweep(99 * 20 + SEALED_MS + 1);
  expect([ring.bytes, ring.voices, ring.take(0)]).toEqual([0, 0, []]);
});

test('people who opted out never enter, and leave no trace when they opt out later', () => {
  const ring = new RecentVoices();
  ring.optOut(new Set(['2']));
  for (const userId of ['1', '2', '3']) ring.add('a', packet(userId, 1));
  expect(ring.take(20).map(({ userId }) => userId)).toEqual(['1', '3']);
  ring.optOut(new Set(['1', '2']));
  expect(ring.take(20).map(({ userId }) => userId)).toEqual(['3']);
  ring.add('a', packet('1', 2));
  expect(ring.take(40).map(({ userId }) => userId)).toEqual(['3']);
  ring.forgetLeg('a');
  expect(ring.bytes).toBe(0);
});

test('memory is bounded: bytes of a voice, packets of a voice, voices of a session', () => {
  const ring = new RecentVoices();
  for (let sequence = 0; sequence < 500; sequence += 1) ring.add('a', packet('1', sequence, 1_275));
  expect(ring.bytes).toBeGreaterThan(VOICE_BYTES - 1_275);
  expect(ring.bytes).toBeLessThanOrEqual(VOICE_BYTES);
  const flood = new RecentVoices();
  for (let count = 0; count < 5_000; count += 1) flood.add('a', { ...packet('1', count, 1), arrivedAt: 0 });
  expect(flood.take(0)[0]?.packets).toHaveLength(1_000);
  const crowd = new RecentVoices();
  for (let user = 1; user <= MAX_SEALED_VOICES + 1; user += 1)
    crowd.add('a', { ...packet('1', user), userId: `${user}` });
  expect(crowd.voices).toBe(MAX_SEALED_VOICES);
  // Who was silent for longest made room.
  expect(crowd.take(0).some(({ userId }) => userId === '1')).toBe(false);
});

test('what is kept is a copy: the buffer that a packet came in may be used again', () => {
  const ring = new RecentVoices();
  const datagram = new Uint8Array(1_000).fill(7);
  ring.add('a', { ...packet('1', 1), opus: datagram.subarray(10, 20) });
  datagram.fill(0);
  const opus = ring.take(20)[0]?.packets[0]?.opus;
  expect([...(opus ?? [])]).toEqual(Array(10).fill(7));
  expect(opus?.buffer.byteLength).toBe(10);
});
