import { expect, test } from 'vitest';
import { nextState } from './guild-state.ts';

const member = (userId: string, channelId = '10') => ({
  userId,
  channelId,
  displayName: `User ${userId}`,
  bot: false,
  selfMute: false,
  selfDeaf: false,
});
const snapshot = {
  event: 'presence.snapshot' as const,
  payload: {
    guildId: '1',
    guildName: 'Guild',
    channels: [{ channelId: '10', name: 'Lounge', configured: true, state: { kind: 'idle' as const } }],
    members: [member('5')],
    sessions: [],
  },
};

test('nothing is shown before the first snapshot', () => {
  expect(
    nextState(undefined, { event: 'voice.joined', payload: { guildId: '1', member: member('6') } }),
  ).toBeUndefined();
});

test('people come, move, speak and go', () => {
  let state = nextState(undefined, snapshot);
  state = nextState(state, { event: 'voice.joined', payload: { guildId: '1', member: member('6') } });
  state = nextState(state, {
    event: 'voice.moved',
    payload: { guildId: '1', previousChannelId: '10', member: member('5', '11') },
  });
  const speaking = { guildId: '1', channelId: '10', userId: '6', speaking: true };
  state = nextState(state, { event: 'voice.speaking', payload: speaking });
  expect(state?.members.map(({ userId, channelId }) => `${userId}@${channelId}`)).toEqual(['6@10', '5@11']);
  expect([...(state?.speaking ?? [])]).toEqual(['6']);
  const left = {
    guildId: '1',
    channelId: null,
    previousChannelId: '10',
    userId: '6',
    cause: { kind: 'left', certainty: 1 },
  };
  state = nextState(state, { event: 'voice.left', payload: left });
  expect(state?.members.map(({ userId }) => userId)).toEqual(['5']);
  expect(state?.speaking.size).toBe(0);
  expect(state?.names.get('6')).toBe('User 6');
});

test('a session is replaced by its newer picture, the newest session first', () => {
  const session = (sessionId: string, startedAt: number, state: string) => ({
    sessionId,
    mode: 'bridge',
    state,
    startedAt,
    legs: [],
    recording: false,
    stored: [],
  });
  let state = nextState(undefined, snapshot);
  for (const view of [session('a', 1, 'active'), session('b', 2, 'active'), session('a', 1, 'ended')]) {
    state = nextState(state, { event: 'session.state', payload: { guildId: '1', session: view } });
  }
  expect(state?.sessions.map(({ sessionId, state: name }) => `${sessionId} ${name}`)).toEqual(['b active', 'a ended']);
});

test('what is live in a call is the newest word of it, and is forgotten with the picture', () => {
  const stats = (delayMs: number) => ({
    event: 'session.stats' as const,
    payload: { guildId: '1', sessionId: 'a', legs: [{ channelId: '10', delayMs }], late: 0, concealed: 0 },
  });
  const state = nextState(nextState(nextState(undefined, snapshot), stats(30)), stats(2));
  expect(state?.live.get('a')?.legs).toEqual([{ channelId: '10', delayMs: 2 }]);
  expect(nextState(state, snapshot)?.live.size).toBe(0);
});
