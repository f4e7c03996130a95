import { sessionSpecSchema, sessionStateSchema } from '@patchbay/shared/session-spec';
import { ulid } from 'ulid';
import { expect, test } from 'vitest';
import {
  connectTime,
  type LegReservation,
  legReported,
  limitsOf,
  move,
  type SessionRecord,
  type SessionReport,
  transitions,
} from './record.ts';
import { firstRoutes, placed, specOf } from './spec.ts';
import { viewFor } from './view.ts';

const legIds = [ulid(), ulid()];
const start = (): SessionRecord => ({
  id: ulid(),
  pool: 'default',
  mode: 'bridge',
  requestedAt: 5,
  phase: { state: 'placing' },
  legs: legIds.map((legId, index) => ({
    key: `k${index}`,
    ticketId: `t${index}`,
    role: 'party',
    guildId: String(index + 1),
    channelId: String(index + 11),
    state: 'requested',
    reservation: { legId, identityId: '9', guildName: `Guild ${index + 1}`, record: index === 1 },
  })),
  past: [],
  routes: firstRoutes(['k0', 'k1']),
  held: [],
  revision: 0,
  recordingStarted: false,
});
const connecting = (epoch = 1, now = 1) =>
  placed(start(), { nodeId: 'n', epochs: { 9: epoch } }, { seconds: 0, warnSeconds: 0 }, now);
const report = (type: SessionReport['type'], leg: number, at = 100): SessionReport =>
  ({
    id: ulid(),
    at,
    nodeId: 'n',
    seq: 1,
    guildId: String(leg + 1),
    sessionId: ulid(),
    revision: 1,
    legId: legIds[leg],
    type,
    daveVersion: 1,
    reason: 'bot_moved',
  }) as unknown as SessionReport;

test('the table of transitions names every state, and ended is the end', () => {
  expect(Object.keys(transitions).sort()).toEqual([...sessionStateSchema.options].sort());
  expect(transitions.ended).toEqual([]);
  expect(() => move(start(), { state: 'active', since: 1 })).toThrow('does not go from placing to active');
});

test('a placed session makes a valid spec that records only the guild that allows it', () => {
  const spec = specOf(connecting(4, 77));
  expect(sessionSpecSchema.parse(spec)).toEqual(spec);
  expect(spec).toMatchObject({ timeZero: 77, revision: 1, record: { legs: [legIds[1]] } });
  expect(spec.legs.map((leg) => leg.epoch)).toEqual([4, 4]);
});

test('active when all legs are, degraded when one falls, active again, ends noted', () => {
  let record = connecting();
  record = legReported(record, report('session.active', 0));
  expect(record.phase.state).toBe('connecting');
  record = legReported(record, report('session.active', 1));
  expect(record.phase).toEqual({ state: 'active', since: 100 });
  record = legReported(record, report('session.degraded', 0));
  expect(record.phase.state).toBe('degraded');
  record = legReported(record, report('session.active', 0));
  expect(record.phase.state).toBe('active');
  record = legReported(record, report('session.ended', 1));
  expect(record.legs[1]).toMatchObject({ state: 'ended', endReason: 'bot_moved' });
  expect(legReported(record, report('session.active', 1))).toBe(record);
});

test('a report that names the leg of another guild changes nothing', () => {
  const record = connecting();
  expect(legReported(record, { ...report('session.active', 0), guildId: '2' })).toBe(record);
});

test('a guild sees its own channel and objects, of the other only its name', () => {
  const stored = [
    { guildId: '1', userId: '5', key: 'k5', bytes: 1 },
    { guildId: '2', userId: '6', key: 'k6', bytes: 2 },
  ];
  const view = viewFor(connecting(), '1', stored);
  expect(view.stored).toEqual([{ userId: '5', key: 'k5', bytes: 1 }]);
  expect(view.legs.map((leg) => [leg.own, leg.channelId, leg.guildName])).toEqual([
    [true, '11', 'Guild 1'],
    [false, undefined, 'Guild 2'],
  ]);
});

test('the shortest time limit holds, with the warning of its side, and the deployment fills in what a side left open', () => {
  const deployment = { seconds: 600, warnSeconds: 60 };
  const limits = (...own: LegReservation['limits'][]) => {
    const record = start();
    const legs = record.legs.map((leg, index) => {
      const reservation = { legId: '1', identityId: '2', guildName: 'A', record: false };
      return { ...leg, reservation: own[index] ? { ...reservation, limits: own[index] } : reservation };
    });
    return limitsOf({ ...record, legs }, deployment);
  };
  const open = { seconds: null, warnSeconds: null };
  expect(limits(open, open)).toEqual(deployment);
  expect(limits(open, { seconds: 300, warnSeconds: null })).toEqual({ seconds: 300, warnSeconds: 60 });
  expect(limits({ seconds: 300, warnSeconds: 10 }, { seconds: 0, warnSeconds: 5 })).toEqual({
    seconds: 300,
    warnSeconds: 10,
  });
  expect(limits({ seconds: 0, warnSeconds: 5 }, { seconds: 0, warnSeconds: 5 })).toEqual({
    seconds: 0,
    warnSeconds: 0,
  });
});

test('a channel by itself has time for every try to join; a call has a partner who waits', () => {
  const times = { CONNECT_TIMEOUT_MS: 1, ALONE_CONNECT_TIMEOUT_MS: 2 };
  const call = start();
  expect(connectTime(call, times)).toBe(1);
  expect(connectTime({ legs: call.legs.slice(0, 1) }, times)).toBe(2);
  expect(
    connectTime({ legs: call.legs.map((leg, index) => (index === 0 ? leg : { ...leg, role: 'monitor' })) }, times),
  ).toBe(2);
});
