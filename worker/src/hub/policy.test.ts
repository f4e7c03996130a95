import type { SessionView } from '@patchbay/shared/hub-protocol';
import { expect, test } from 'vitest';
import type { Sight } from '../access/sight.ts';
import { addressOf, MESSAGE_WINDOW_MS, Rate } from './limits.ts';
import { RING_SIZE, Ring } from './ring.ts';
import { SharedRequest } from './shared-request.ts';
import { type AnyHubEvent, shownTo, visibleSnapshot } from './visibility.ts';
import { HUB_BYTES, MAX_UNACKNOWLEDGED, PROBE_BYTES, probeBytes, SendWindow } from './window.ts';

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
  for (const seq of [5, 6, 7]) expect(ring.add('e', { event: event(seq) })).toBe(true);
  expect(ring.add('e', { event: event(7) })).toBe(false);
  const head = { epoch: 'e', seq: 7 };
  expect(ring.since('e', 5, head)?.map((each) => each.event.seq)).toEqual([6, 7]);
  expect(ring.since('e', 4, head)?.map((each) => each.event.seq)).toEqual([5, 6, 7]);
  expect(ring.since('e', 7, head)).toEqual([]);
  expect(ring.since('e', 3, head)).toBeNull();
  expect(ring.since('other', 6, head)).toBeNull();
  expect(ring.since('e', 9, head)).toBeNull();
  // The guild is ahead of what reached the ring: event 8 follows when it is published.
  expect(ring.since('e', 6, { epoch: 'e', seq: 8 })?.map((each) => each.event.seq)).toEqual([7]);
});

test('a gap or a new epoch empties the ring, and it holds a thousand at most', () => {
  const ring = new Ring();
  ring.add('e', { event: event(1) });
  ring.add('e', { event: event(3) });
  expect(ring.since('e', 1, { epoch: 'e', seq: 3 })).toBeNull();
  ring.add('f', { event: event(4) });
  expect(ring.since('f', 3, { epoch: 'f', seq: 4 })).toHaveLength(1);
  for (let seq = 5; seq <= 5 + RING_SIZE; seq += 1) ring.add('f', { event: event(seq) });
  expect(ring.since('f', 3, { epoch: 'f', seq: 5 + RING_SIZE })).toBeNull();
});

test('the window closes at a mebibyte and opens by answered probes; what was not asked cannot be answered', () => {
  const window = new SendWindow();
  expect(window.take(PROBE_BYTES)).toBe(true);
  expect(window.owed).toBe(0);
  const n = window.probe() ?? 0;
  expect(n).toBeGreaterThan(0);
  expect(window.owed).toBe(PROBE_BYTES);
  expect(window.probe()).toBeNull();
  for (const forged of [0, n + 1, PROBE_BYTES, 10 * MAX_UNACKNOWLEDGED]) expect(window.acknowledge(forged)).toBe(false);
  expect(window.take(MAX_UNACKNOWLEDGED)).toBe(false);
  expect(window.acknowledge(n)).toBe(true);
  expect(window.owed).toBe(0);
  // A second time it answers nothing.
  expect(window.acknowledge(n)).toBe(false);
  expect(window.take(MAX_UNACKNOWLEDGED)).toBe(true);
  expect(window.take(1)).toBe(false);
});

test('a later probe answers for the earlier ones; with many clients each is asked earlier', () => {
  let drawn = 0;
  const window = new SendWindow(() => {
    drawn += 1;
    return drawn;
  });
  for (let count = 0; count < 3; count += 1) {
    window.take(1000);
    window.probe(1000);
  }
  expect(window.acknowledge(2)).toBe(true);
  expect(window.owed).toBe(1000);
  expect(window.acknowledge(1)).toBe(false);
  expect(probeBytes(1)).toBe(PROBE_BYTES);
  for (const clients of [200, 1_000, 5_000]) expect(probeBytes(clients) * clients).toBeLessThanOrEqual(HUB_BYTES / 2);
});

const sight = (...channels: string[]): Sight => ({ channels: new Set(channels), key: channels.join() });
const guild = (userId: string) => ({ userId, scope: 'guild' as const, roles: [] });
const self = (userId: string) => ({ userId, scope: 'self' as const, roles: [] });
const member = (userId: string, channelId = '2') => {
  return { userId, channelId, displayName: 'x', bot: false, selfMute: false, selfDeaf: false };
};
const about = { v: 1, type: 'event', id: 'x', seq: 1, at: 1 } as const;

test('an event is shown to who may see its channel, and to whom it is about', () => {
  expect(shownTo(guild('9'), sight('2'), { event: event(1) })).not.toBeNull();
  expect(shownTo(guild('9'), sight('3'), { event: event(1) })).toBeNull();
  expect(shownTo(guild('1'), sight(), { event: event(1) })).not.toBeNull();
  expect(shownTo(self('1'), sight(), { event: event(1) })).not.toBeNull();
  expect(shownTo(self('9'), sight('2'), { event: event(1) })).toBeNull();
  const payload = { guildId: '1', channelId: '2', configured: true, state: { kind: 'idle' as const } };
  const channel: AnyHubEvent = { ...about, event: 'channel.state', payload };
  expect(shownTo(self('1'), sight('2'), { event: channel })).toBeNull();
  expect(shownTo(guild('1'), sight('2'), { event: channel })).toEqual(channel);
});

test('a move is a move, a join or a leave, by what of it may be seen; no id of a hidden channel is told', () => {
  const payload = { guildId: '1', previousChannelId: '2', member: member('1', '3') };
  const moved: AnyHubEvent = { ...about, event: 'voice.moved', payload };
  const cause = { guildId: '1', channelId: '3', previousChannelId: '2', userId: '1', of: 'x' };
  const told: AnyHubEvent = {
    ...about,
    event: 'voice.cause',
    payload: { ...cause, cause: { kind: 'moderator', certainty: 1 } },
  };
  const shown = (...channels: string[]) =>
    [moved, told].map((each) => shownTo(guild('9'), sight(...channels), { event: each }));
  expect(shown('2', '3')).toEqual([moved, told]);
  const [left, noCause] = shown('2');
  expect(left).toMatchObject({ event: 'voice.left', seq: 1, payload: { previousChannelId: '2', userId: '1' } });
  expect(JSON.stringify(left)).not.toContain('"3"');
  expect(noCause).toBeNull();
  const [joined] = shown('3');
  expect(joined).toMatchObject({ event: 'voice.joined', payload: { member: { channelId: '3' } } });
  expect(JSON.stringify(joined)).not.toContain('"2"');
  expect(shown()).toEqual([null, null]);
  expect(shownTo(guild('1'), sight('2'), { event: moved })).toEqual(moved);
});

test('a session is shown by its channels: hidden ones without id, recordings only to who may see them all', () => {
  const leg = (channelId: string) => ({ guildName: 'G', own: true, channelId, state: 'active' });
  const session: SessionView = {
    sessionId: 's',
    mode: 'bridge',
    state: 'active',
    startedAt: 1,
    legs: [leg('2'), leg('3'), { guildName: 'Other', own: false, state: 'active' }],
    recording: true,
    stored: [{ userId: '1', key: 'k', bytes: 1 }],
  };
  const state: AnyHubEvent = { ...about, event: 'session.state', payload: { guildId: '1', session } };
  const published = { event: state, audience: ['2', '3'] };
  expect(shownTo(guild('9'), sight('2', '3'), published)).toEqual(state);
  const part = shownTo(guild('9'), sight('2'), published);
  expect(part).toMatchObject({ payload: { session: { stored: [], legs: [{ channelId: '2' }, { own: true }, {}] } } });
  expect(JSON.stringify(part)).not.toContain('"3"');
  expect(shownTo(guild('9'), sight('4'), published)).toBeNull();
  expect(shownTo(guild('9'), sight('2'), { event: state, audience: [] })).toBeNull();
  const warning: AnyHubEvent = {
    ...about,
    event: 'session.warning',
    payload: { guildId: '1', sessionId: 's', secondsLeft: 4 },
  };
  expect(shownTo(guild('9'), sight('3'), { event: warning, audience: ['2', '3'] })).toEqual(warning);
  expect(shownTo(guild('9'), sight('4'), { event: warning, audience: ['2', '3'] })).toBeNull();

  const channel = (channelId: string) => {
    return { channelId, name: channelId, configured: false, state: { kind: 'idle' as const } };
  };
  const members = [member('1'), member('2', '3')];
  const snapshot = {
    guildId: '1',
    guildName: 'G',
    channels: [channel('2'), channel('3')],
    members,
    sessions: [session],
  };
  const picture = { snapshot, audiences: { s: ['2', '3'] } };
  expect(visibleSnapshot(self('1'), sight(), picture)).toMatchObject({
    channels: [],
    members: [members[0]],
    sessions: [],
  });
  const seen = visibleSnapshot(guild('9'), sight('3'), picture);
  expect([seen.channels, seen.members]).toEqual([[channel('3')], [members[1]]]);
  expect(JSON.stringify(seen)).not.toContain('"channelId":"2"');
  // One's own place is told wherever it is.
  expect(visibleSnapshot(guild('1'), sight(), picture).members).toEqual([members[0]]);
});

test('messages are counted in windows, addresses of IPv6 by what a customer is given', () => {
  const rate = new Rate();
  expect([1, 2, 3].map(() => rate.allows(2, 1_000))).toEqual([true, true, false]);
  expect(rate.allows(2, 1_000 + MESSAGE_WINDOW_MS)).toBe(true);
  expect(addressOf(null)).toBe('');
  expect(addressOf('192.0.2.7')).toBe('192.0.2.7');
  expect(addressOf('2001:db8:1:2:3:4:5:6')).toBe(addressOf('2001:0DB8:1:2::9'));
  expect(addressOf('2001:db8:1:2::1')).not.toBe(addressOf('2001:db8:1:3::1'));
  expect(addressOf('2001:db8::1')).toBe('2001:db8:0:0::/64');
});

test('whoever asks gets an answer that was made after they asked, and many share one', async () => {
  const answers: ((value: number) => void)[] = [];
  const request = new SharedRequest(() => new Promise<number>((resolve) => answers.push(resolve)));
  const first = request.get();
  const others = [request.get(), request.get()];
  expect(answers).toHaveLength(1);
  answers[0]?.(1);
  expect(await first).toBe(1);
  await expect.poll(() => answers.length).toBe(2);
  answers[1]?.(2);
  expect(await Promise.all(others)).toEqual([2, 2]);
});
