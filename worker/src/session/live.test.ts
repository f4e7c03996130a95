import type { SessionStats } from '@patchbay/shared/control-messages';
import { expect, test } from 'vitest';
import { type LegSpeakers, liveFor, speakingLegs } from './live.ts';
import type { LegRole, SessionLeg, SessionRecord } from './record.ts';
import { firstRoutes } from './spec.ts';

const leg = (key: string, guildId: string, role: LegRole = 'party', anonymous = false): SessionLeg => ({
  key,
  ticketId: null,
  guildId,
  channelId: `1${guildId}`,
  role,
  state: 'active',
  epoch: 1,
  reservation: { legId: `leg ${key}`, identityId: '9', guildName: `Guild ${guildId}`, record: false, anonymous },
});

function call(legs: SessionLeg[], more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: 'session',
    pool: 'default',
    mode: 'custom',
    requestedAt: 1,
    phase: { state: 'active', since: 1 },
    legs,
    past: [],
    routes: firstRoutes(legs.map(({ key }) => key)),
    held: [],
    revision: 1,
    recordingStarted: false,
    ...more,
  };
}

const stats = (spoke: Record<string, string[]>, delays: Record<string, number> = {}): SessionStats => ({
  v: 1,
  type: 'ephemeral',
  event: 'session.stats',
  sessionId: 'session',
  legs: Object.entries(spoke).map(([key, users]) => ({
    legId: `leg ${key}`,
    spoke: users,
    ...(delays[key] === undefined ? {} : { delayMs: delays[key] }),
  })),
  late: 0,
  concealed: 0,
});
const named = (names: Record<string, string>, anonymous = false): LegSpeakers => ({ names, anonymous });
const twoLegs = [leg('a', '1'), leg('b', '2')];

test('each side reads who speaks on the other, by their names there, and its own delay', () => {
  const said = stats({ a: ['7'], b: ['8', '9'] }, { a: 21, b: 1 });
  const speakers = new Map([
    ['a', named({ 7: 'Ada' })],
    ['b', named({ 9: 'Dan', 8: 'Cleo' })],
  ]);
  expect(speakingLegs(call(twoLegs), said).map(({ userIds }) => userIds)).toEqual([['7'], ['8', '9']]);
  expect(liveFor(call(twoLegs), '1', said, speakers)).toEqual([
    { channelId: '11', speaking: ['Cleo', 'Dan'], unnamed: 0, delayMs: 21 },
  ]);
  expect(liveFor(call(twoLegs), '2', said, speakers)).toEqual([
    { channelId: '12', speaking: ['Ada'], unnamed: 0, delayMs: 1 },
  ]);
});

test('people of an anonymous server are counted, whether it is so now or was when the call began', () => {
  const said = stats({ a: [], b: ['8', '9'] });
  const now = new Map([['b', named({ 8: 'Cleo', 9: 'Dan' }, true)]]);
  expect(liveFor(call(twoLegs), '1', said, now)).toMatchObject([{ speaking: [], unnamed: 2 }]);
  const then = call([leg('a', '1'), leg('b', '2', 'party', true)]);
  const open = new Map([['b', named({ 8: 'Cleo', 9: 'Dan' })]]);
  expect(liveFor(then, '1', said, open)).toMatchObject([{ speaking: [], unnamed: 2 }]);
  // A server that cannot be asked is treated alike.
  expect(liveFor(call(twoLegs), '1', said, new Map())).toMatchObject([{ speaking: [], unnamed: 2 }]);
  // To its own other channel it is no secret.
  const sameServer = call([leg('a', '1'), leg('b', '1', 'staff', true)]);
  expect(liveFor(sameServer, '1', said, open)[0]).toMatchObject({ speaking: ['Cleo', 'Dan'], unnamed: 0 });
});

test('who is not heard does not speak: on hold, in a monitor, off the matrix; who has just left has no name', () => {
  const said = stats({ a: ['7'], b: ['8'], m: ['6'] });
  const speakers = new Map([
    ['a', named({ 7: 'Ada' })],
    ['b', named({})],
    ['m', named({ 6: 'Eve' })],
  ]);
  const legs = [...twoLegs, leg('m', '3', 'monitor')];
  const routes: SessionRecord['routes'] = [...firstRoutes(['a', 'b']), ['a', 'm'], ['b', 'm']];
  const of = (record: SessionRecord, guildId: string) =>
    liveFor(record, guildId, said, speakers).map(({ speaking, unnamed }) => [...speaking, unnamed]);
  const open = call(legs, { routes });
  expect([of(open, '1'), of(open, '2'), of(open, '3')]).toEqual([[[1]], [['Ada', 0]], [['Ada', 1]]]);
  const held = call(legs, { routes, held: ['b'] });
  expect([of(held, '1'), of(held, '2'), of(held, '3')]).toEqual([[[0]], [[0]], [['Ada', 0]]]);
});

test('a crowd is counted from the ninth name on', () => {
  const users = Array.from({ length: 12 }, (_, index) => String(index));
  const names = Object.fromEntries(users.map((userId) => [userId, `p${userId}`]));
  const [live] = liveFor(call(twoLegs), '1', stats({ b: users }), new Map([['b', named(names)]]));
  expect([live?.speaking.length, live?.unnamed]).toEqual([8, 4]);
});
