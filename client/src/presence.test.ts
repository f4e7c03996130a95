import { expect, test } from 'vitest';
import { type Incoming, missedEvents, nextPresence } from './presence.ts';
import type { SessionView, VoiceMember } from './protocol.ts';

const member = (userId: string, channelId = '10'): VoiceMember => ({
  userId,
  channelId,
  displayName: `User ${userId}`,
  bot: false,
  selfMute: false,
  selfDeaf: false,
});
const snapshotOf = (members: VoiceMember[]) => ({
  guildId: '1',
  guildName: 'Guild',
  channels: [{ channelId: '10', name: 'Lounge', configured: true, state: { kind: 'idle' as const } }],
  members,
  sessions: [],
});
const snapshot: Incoming = { event: 'presence.snapshot', payload: snapshotOf([member('5')]) };
const after = (...events: Incoming[]) => events.reduce(nextPresence, nextPresence(undefined, snapshot));

test('nothing is shown before the first snapshot', () => {
  const joined: Incoming = { event: 'voice.joined', payload: { guildId: '1', member: member('6') } };
  expect(nextPresence(undefined, joined)).toBeUndefined();
});

test('people come, move, speak and go', () => {
  const joined: Incoming = { event: 'voice.joined', payload: { guildId: '1', member: member('6') } };
  const moved: Incoming = {
    event: 'voice.moved',
    payload: { guildId: '1', previousChannelId: '10', member: member('5', '11') },
  };
  const speaks: Incoming = {
    event: 'voice.speaking',
    payload: { guildId: '1', channelId: '10', userId: '6', speaking: true },
  };
  const during = after(joined, moved, speaks);
  expect(during?.members.map(({ userId, channelId }) => `${userId}@${channelId}`)).toEqual(['6@10', '5@11']);
  expect([...(during?.speaking ?? [])]).toEqual(['6']);
  const cause = { kind: 'left', certainty: 1 };
  const left: Incoming = {
    event: 'voice.left',
    payload: { guildId: '1', channelId: null, previousChannelId: '10', userId: '6', cause },
  };
  const end = after(joined, moved, speaks, left);
  expect(end?.members.map(({ userId }) => userId)).toEqual(['5']);
  expect(end?.speaking.size).toBe(0);
  expect(end?.names.get('6')).toBe('User 6');
});

test('flags and the state of a channel replace what was there', () => {
  const muted = { ...member('5'), selfMute: true };
  const waiting = { kind: 'waiting' as const, ticketId: 't', since: 1 };
  const end = after(
    { event: 'voice.flags', payload: { guildId: '1', member: muted } },
    { event: 'channel.state', payload: { guildId: '1', channelId: '10', configured: false, state: waiting } },
  );
  expect(end?.members).toEqual([muted]);
  expect(end?.channels).toEqual([{ channelId: '10', name: 'Lounge', configured: false, state: waiting }]);
});

test('a session is replaced by its newer picture, the newest session first', () => {
  const session = (sessionId: string, startedAt: number, state: string): Incoming => {
    const view: SessionView = { sessionId, mode: 'bridge', state, startedAt, legs: [], recording: false, stored: [] };
    return { event: 'session.state', payload: { guildId: '1', session: view } };
  };
  const end = after(session('a', 1, 'active'), session('b', 2, 'active'), session('a', 1, 'ended'));
  expect(end?.sessions.map(({ sessionId, state }) => `${sessionId} ${state}`)).toEqual(['b active', 'a ended']);
});

test('what is live in a call is the newest word of it, and is forgotten with the call and with the picture', () => {
  const stats = (delayMs: number): Incoming => ({
    event: 'session.stats',
    payload: { guildId: '1', sessionId: 'a', legs: [{ channelId: '10', delayMs }], late: 0, concealed: 0 },
  });
  const live = after(stats(30), stats(2));
  expect(live?.live.get('a')?.legs).toEqual([{ channelId: '10', delayMs: 2 }]);
  const view = { sessionId: 'a', mode: 'bridge', startedAt: 1, legs: [], recording: false, stored: [] };
  const ended: Incoming = { event: 'session.state', payload: { guildId: '1', session: { ...view, state: 'ended' } } };
  expect(nextPresence(live, ended)?.live.size).toBe(0);
  expect(nextPresence(live, snapshot)?.live.size).toBe(0);
});

test('what was said and how captions stand is kept for views that open later', () => {
  const said = (captionId: string): Incoming => {
    return { event: 'caption.final', payload: { guildId: '1', userId: '5', text: captionId, captionId } };
  };
  const about = { guildId: '1', sessionId: 'a', channelId: '10', code: 'c', message: 'm' };
  const stands = (state: string): Incoming => ({ event: 'caption.state', payload: { ...about, state } });
  const end = after(stands('on'), said('one'), stands('delayed'), said('two'));
  expect(end?.captions?.finals.map(({ text }) => text)).toEqual(['one', 'two']);
  expect(end?.captions?.states.map(({ state }) => state)).toEqual(['delayed']);
});

test('an event that a newer server sends changes nothing', () => {
  const before = after();
  expect(nextPresence(before, { event: 'voice.sang', payload: {} } as unknown as Incoming)).toBe(before);
});

test('what was missed between two snapshots leads from the one to the other', () => {
  const before = nextPresence(undefined, {
    event: 'presence.snapshot',
    payload: snapshotOf([member('1'), member('2'), member('3'), member('4')]),
  });
  if (!before) throw new Error('no picture');
  const target = snapshotOf([member('2', '11'), { ...member('3'), selfDeaf: true }, member('4'), member('5')]);
  const missed = missedEvents(before, target);
  expect(missed.map(({ event }) => event)).toEqual(['voice.left', 'voice.moved', 'voice.flags', 'voice.joined']);
  const end = missed.reduce<typeof before | undefined>(nextPresence, before);
  const sorted = (members: VoiceMember[] = []) => [...members].sort((a, b) => a.userId.localeCompare(b.userId));
  expect(sorted(end?.members)).toEqual(sorted(target.members));
});
