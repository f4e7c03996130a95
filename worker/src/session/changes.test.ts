import { sessionSpecSchema } from '@patchbay/shared/session-spec';
import { ulid } from 'ulid';
import { expect, test } from 'vitest';
import {
  attachRefusal,
  changeRefusal,
  goesOnWithout,
  isOpenToMonitors,
  MAX_LEGS,
  onHold,
  orphanedMonitors,
  rerouted,
  routesOf,
  transferRefusal,
  withLeg,
  withoutLeg,
  withVolume,
} from './changes.ts';
import { followLegs, type LegRole, type SessionLeg, type SessionRecord } from './record.ts';
import { firstRoutes, presentRoutes, specOf } from './spec.ts';
import { viewFor } from './view.ts';

const ids = new Map<string, string>();
const idOf = (key: string): string => {
  const known = ids.get(key) ?? ulid();
  ids.set(key, known);
  return known;
};

function leg(key: string, guildId: string, role: LegRole = 'party', allowMonitors = false): SessionLeg {
  return {
    key,
    ticketId: null,
    guildId,
    channelId: String(100 + key.charCodeAt(0)),
    role,
    state: 'active',
    epoch: 1,
    reservation: { legId: idOf(key), identityId: '9', guildName: `Guild ${guildId}`, record: true, allowMonitors },
  };
}

function call(...legs: SessionLeg[]): SessionRecord {
  return {
    id: ulid(),
    pool: 'default',
    mode: 'custom',
    requestedAt: 1,
    phase: { state: 'active', since: 1 },
    legs,
    past: [],
    routes: firstRoutes(legs.map(({ key }) => key)),
    held: [],
    revision: 1,
    nodeId: 'n',
    timeZero: 1,
    recordingStarted: false,
  };
}

const heard = (record: SessionRecord | { ok: false }) =>
  'routes' in record ? presentRoutes(record).map((route) => route.join('')) : record;
const monitor = { guildId: '1', channelId: '50', role: 'monitor' as const };

test('a monitor hears everybody and is heard by nobody, whatever joins later', () => {
  const watched = withLeg(call(leg('a', '1'), leg('b', '2')), monitor, 'm');
  expect(heard(watched)).toEqual(['ab', 'ba', 'am', 'bm']);
  const conference = withLeg(watched, { guildId: '2', channelId: '60', role: 'party' }, 'c');
  expect(heard(conference)).toEqual(['ab', 'ba', 'am', 'bm', 'ca', 'cb', 'ac', 'bc', 'cm']);
  expect(routesOf(watched, 'x', 'monitor')).toEqual([
    ['a', 'x'],
    ['b', 'x'],
  ]);
});

test('monitors attach only from a server of the call, and only where the others allow it', () => {
  const record = call(leg('a', '1'), leg('b', '2'));
  expect(attachRefusal(record, { ...monitor, guildId: '3' })?.code).toBe('not_your_call');
  expect(attachRefusal(record, monitor)).toMatchObject({
    code: 'monitors_not_allowed',
    message: expect.stringContaining('Guild 2'),
  });
  expect(attachRefusal(call(leg('a', '1'), leg('b', '2', 'party', true)), monitor)).toBeNull();
  expect(attachRefusal(call(leg('a', '1'), leg('b', '1')), monitor)).toBeNull();
});

test('a call has at most eight channels', () => {
  const keys = Array.from({ length: MAX_LEGS }, (_, index) => String.fromCharCode(97 + index));
  const full = call(...keys.map((key) => leg(key, '1')));
  expect(attachRefusal(full, { guildId: '1', channelId: '50', role: 'party' })?.code).toBe('session_full');
});

test('nothing changes in a call that is over or not placed', () => {
  expect(changeRefusal(null)?.code).toBe('session_over');
  const record = call(leg('a', '1'), leg('b', '2'));
  expect(changeRefusal({ ...record, phase: { state: 'placing' } })?.code).toBe('session_over');
  expect(changeRefusal(record)).toBeNull();
});

test('on hold a leg hears nobody and is heard by nobody, and comes back to the same matrix', () => {
  const desk = call(leg('a', '1'), leg('s', '2', 'staff'), leg('t', '2', 'staff'));
  const held = onHold(desk, idOf('a'), true) as SessionRecord;
  expect(heard(held)).toEqual(['st', 'ts']);
  expect(onHold(held, idOf('a'), true)).toBe(held);
  expect(sessionSpecSchema.parse(specOf(held)).holds).toEqual([idOf('a')]);
  expect(heard(onHold(held, idOf('a'), false))).toEqual(heard(desk));
  expect(onHold(desk, idOf('unknown'), true)).toMatchObject({ code: 'leg_unknown' });
  expect(onHold(call(leg('a', '1'), leg('m', '1', 'monitor')), idOf('m'), true)).toMatchObject({
    code: 'monitor_hold',
  });
});

test('a matrix names only legs of the call, no leg to itself, and never lets a monitor speak', () => {
  const record = call(leg('a', '1'), leg('b', '2'), leg('m', '1', 'monitor'));
  const route = (from: string, to: string) => rerouted(record, [[idOf(from), idOf(to)]]);
  expect(heard(route('a', 'b'))).toEqual(['ab']);
  expect(route('a', 'unknown')).toMatchObject({ code: 'leg_unknown' });
  expect(route('a', 'a')).toMatchObject({ code: 'route_to_self' });
  expect(route('m', 'a')).toMatchObject({ code: 'monitor_speaks' });
});

test('a call goes on while two talk and somebody hears somebody; monitors and legs on their way do not count', () => {
  const three = call(leg('a', '1'), leg('b', '2'), leg('c', '3'));
  expect(goesOnWithout(three, 'c')).toBe(true);
  const broadcast = {
    ...three,
    routes: firstRoutes(
      ['a', 'b', 'c'],
      [
        [0, 1],
        [0, 2],
      ],
    ),
  };
  expect(goesOnWithout(broadcast, 'b')).toBe(true);
  expect(goesOnWithout(broadcast, 'a')).toBe(false);
  expect(goesOnWithout(call(leg('a', '1'), leg('b', '2'), leg('m', '1', 'monitor')), 'b')).toBe(false);
  expect(goesOnWithout(call(leg('a', '1'), leg('b', '2'), { ...leg('c', '2'), state: 'requested' }), 'b')).toBe(false);
});

test('a call is handed on within one server only', () => {
  const desk = call(leg('a', '1'), leg('s', '2', 'staff'));
  const to = { guildId: '2', channelId: '70', role: 'staff' as const };
  expect(transferRefusal(desk, idOf('s'), to)).toBeNull();
  expect(transferRefusal(desk, idOf('a'), to)?.code).toBe('transfer_abroad');
  expect(transferRefusal(desk, idOf('unknown'), to)?.code).toBe('leg_unknown');
});

test('a leg that left is remembered for its guild, whose people read that it was their side', () => {
  const record = withoutLeg(call(leg('a', '1'), leg('b', '2'), leg('c', '3')), 'c', 'bot_moved');
  expect(heard(record)).toEqual(['ab', 'ba']);
  expect(record.past.map(({ key }) => key)).toEqual(['c']);
  expect(viewFor(record, '3', [])).toMatchObject({
    state: 'ended',
    endReason: 'bot_moved',
    endMessage: 'The call ended: somebody moved the bot out of this channel.',
  });
  expect(viewFor(record, '1', [])).toMatchObject({ state: 'active' });
});

test('each side reads whose doing the end was; a monitor is listed for everybody', () => {
  const talk = call(leg('a', '1'), leg('b', '2'), leg('m', '1', 'monitor'));
  const over: SessionRecord = { ...talk, phase: { state: 'ended', reason: 'user_left', at: 2 }, endedBy: 'a' };
  expect(viewFor(over, '1', []).endMessage).toBe('The call ended: everybody left this side.');
  expect(viewFor(over, '2', []).endMessage).toBe('The call ended: everybody left the other side.');
  expect(viewFor(talk, '2', []).legs.map(({ role, own }) => [role, own])).toEqual([
    ['party', false],
    ['party', true],
    ['monitor', false],
  ]);
});

test('a guild is told whether it may listen in: tries that wait for their lease neither open nor close a call', () => {
  const open = call(leg('a', '1'), leg('b', '2', 'party', true));
  expect(viewFor(open, '1', []).openToMonitors).toBe(true);
  expect(viewFor(open, '2', [])).not.toHaveProperty('openToMonitors');
  const tried = withLeg(open, monitor, 'm');
  expect(isOpenToMonitors(tried, '1')).toBe(true);
  const seven = call(...['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((key) => leg(key, '1')));
  expect(isOpenToMonitors(withLeg(seven, monitor, 'm'), '1')).toBe(true);
  expect(isOpenToMonitors({ ...open, phase: { state: 'connecting' } }, '1')).toBe(false);
});

test('monitors stay only as long as another channel of their server is in the call', () => {
  const three = call(leg('a', '1'), leg('b', '2'), leg('c', '3'), leg('m', '1', 'monitor'), leg('n', '2', 'monitor'));
  expect(orphanedMonitors(three, 'a').map(({ key }) => key)).toEqual(['m']);
  expect(orphanedMonitors(three, 'c')).toEqual([]);
  const alone = call(leg('b', '2', 'party', true), leg('c', '3', 'party', true), leg('m', '1', 'monitor'));
  expect(attachRefusal(alone, monitor)?.code).toBe('not_your_call');
});

test('a session follows the legs that are left: the one that was still connecting, or had trouble, is gone', () => {
  const slow = { ...leg('c', '3'), state: 'connecting' as const };
  const connecting: SessionRecord = { ...call(leg('a', '1'), leg('b', '2'), slow), phase: { state: 'connecting' } };
  expect(followLegs(connecting, 7)).toBe(connecting);
  expect(followLegs(withoutLeg(connecting, 'c', 'command'), 7).phase).toEqual({ state: 'active', since: 7 });
  const bad = { ...leg('c', '3'), state: 'degraded' as const };
  const degraded: SessionRecord = {
    ...call(leg('a', '1'), leg('b', '2'), bad),
    phase: { state: 'degraded', since: 1 },
  };
  expect(followLegs(withoutLeg(degraded, 'c', 'command'), 7).phase).toEqual({ state: 'active', since: 7 });
});

test('volumes are set, replaced and taken back, go with their leg, and reach the spec by leg id', () => {
  const record = call(leg('a', '1'), leg('b', '2'), leg('c', '3'));
  const must = (changed: ReturnType<typeof withVolume>): SessionRecord => {
    if ('ok' in changed) throw new Error(changed.message);
    return changed;
  };
  const set = must(withVolume(must(withVolume(record, { legId: idOf('b'), volume: 0.5 })), { userId: '7', volume: 2 }));
  const both = must(withVolume(set, { legId: idOf('b'), userId: '7', volume: 0 }));
  const again = must(withVolume(both, { legId: idOf('b'), volume: 1.5 }));
  const spec = specOf(again);
  expect(sessionSpecSchema.parse(spec).volumes).toEqual([
    { userId: '7', volume: 2 },
    { legId: idOf('b'), userId: '7', volume: 0 },
    { legId: idOf('b'), volume: 1.5 },
  ]);
  expect(specOf(must(withVolume(again, { userId: '7', volume: 1 }))).volumes).toHaveLength(2);
  expect(withVolume(record, { userId: '7', volume: 1 })).toBe(record);
  expect(specOf(withoutLeg(again, 'b', 'command')).volumes).toEqual([{ userId: '7', volume: 2 }]);
  expect(specOf(record)).not.toHaveProperty('volumes');
  expect(withVolume(record, { legId: ulid(), volume: 0 })).toMatchObject({ code: 'leg_unknown' });
  const full = { ...record, volumes: Array.from({ length: 64 }, (_, user) => ({ userId: String(user), volume: 0 })) };
  expect(withVolume(full, { userId: '99', volume: 0 })).toMatchObject({ code: 'volumes_full' });
});
