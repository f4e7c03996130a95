import { expect, test } from 'vitest';
import { RING_SIZE, Ring } from './ring.ts';
import { type AnyHubEvent, mayReceive, visibleSnapshot } from './visibility.ts';
import { MAX_UNACKNOWLEDGED, PROBE_BYTES, SendWindow } from './window.ts';

const event = (seq: number, userId = '1'): AnyHubEvent => ({
  v: 1,
  type: 'event',
  event: 'voice.speaking',
  id: String(seq),
  seq,
  at: 1,
  payload: { guildId: '1', channelId: '2', userId, speaking: true },
});

test('the ring replays what was missed, and says when it cannot', () => {
  const ring = new Ring();
  for (const seq of [5, 6, 7]) expect(ring.add('e', event(seq))).toBe(true);
  expect(ring.add('e', event(7))).toBe(false);
  const head = { epoch: 'e', seq: 7 };
  expect(ring.since('e', 5, head)?.map((each) => each.seq)).toEqual([6, 7]);
  expect(ring.since('e', 4, head)?.map((each) => each.seq)).toEqual([5, 6, 7]);
  expect(ring.since('e', 7, head)).toEqual([]);
  expect(ring.since('e', 3, head)).toBeNull();
  expect(ring.since('other', 6, head)).toBeNull();
  expect(ring.since('e', 9, head)).toBeNull();
  // The guild is ahead of what reached the ring: event 8 follows when it is published.
  expect(ring.since('e', 6, { epoch: 'e', seq: 8 })?.map((each) => each.seq)).toEqual([7]);
});

test('a gap or a new epoch empties the ring, and it holds a thousand at most', () => {
  const ring = new Ring();
  ring.add('e', event(1));
  ring.add('e', event(3));
  expect(ring.since('e', 1, { epoch: 'e', seq: 3 })).toBeNull();
  ring.add('f', event(4));
  expect(ring.since('f', 3, { epoch: 'f', seq: 4 })).toHaveLength(1);
  for (let seq = 5; seq <= 5 + RING_SIZE; seq += 1) ring.add('f', event(seq));
  expect(ring.since('f', 3, { epoch: 'f', seq: 5 + RING_SIZE })).toBeNull();
});

test('the window closes at a mebibyte, opens by acknowledged probes, and forged acks open nothing', () => {
  const window = new SendWindow();
  expect(window.take(PROBE_BYTES)).toBe(true);
  expect(window.probe()).toBe(PROBE_BYTES);
  expect(window.probe()).toBeNull();
  window.acknowledge(10 * MAX_UNACKNOWLEDGED);
  expect(window.take(MAX_UNACKNOWLEDGED)).toBe(false);
  window.acknowledge(PROBE_BYTES);
  expect(window.take(MAX_UNACKNOWLEDGED)).toBe(true);
  window.acknowledge(0);
  expect(window.take(1)).toBe(false);
});

test('scope self gets only its own voice events', () => {
  const self = { userId: '1', scope: 'self' as const };
  expect(mayReceive(self, event(1, '1'))).toBe(true);
  expect(mayReceive(self, event(1, '2'))).toBe(false);
  const state = { guildId: '1', channelId: '2', configured: true, state: { kind: 'idle' as const } };
  const channel: AnyHubEvent = { v: 1, type: 'event', event: 'channel.state', id: 'x', seq: 1, at: 1, payload: state };
  expect(mayReceive(self, channel)).toBe(false);
  expect(mayReceive({ userId: '1', scope: 'guild' }, channel)).toBe(true);
  const member = (userId: string) => ({
    userId,
    channelId: '2',
    displayName: 'x',
    bot: false,
    selfMute: false,
    selfDeaf: false,
  });
  const snapshot = { guildId: '1', guildName: 'G', channels: [], members: [member('1'), member('2')], sessions: [] };
  expect(visibleSnapshot(self, snapshot).members.map((each) => each.userId)).toEqual(['1']);
});
