import type { RelaySide } from '@patchbay/shared/session-spec';
import { expect, test } from 'vitest';
import { relayed } from './changes.ts';
import type { LegRole, SessionLeg, SessionRecord } from './record.ts';
import { firstRoutes, presentRelay } from './spec.ts';

const on: RelaySide = { anonymous: false, language: 'en' };
const leg = (key: string, relay: RelaySide | null = on, role: LegRole = 'party'): SessionLeg => ({
  key,
  ticketId: null,
  guildId: `1${key}`,
  channelId: `2${key}`,
  role,
  state: 'active',
  epoch: 1,
  reservation: { legId: key, identityId: '9', guildName: key, record: false, relay },
});
const call = (legs: SessionLeg[], more: Partial<SessionRecord> = {}) =>
  ({ legs, held: [], routes: firstRoutes(legs.map(({ key }) => key)), ...more }) as unknown as SessionRecord;
const keys = (record: SessionRecord) => [...presentRelay(record).keys()];

test('both sides have to want it', () => {
  expect(keys(call([leg('a'), leg('b')]))).toEqual(['a', 'b']);
  expect(keys(call([leg('a'), leg('b', null)]))).toEqual([]);
  expect(keys(call([leg('a'), leg('b', null), leg('c')]))).toEqual(['a', 'c']);
});

test('monitors and sides on hold take no part; one way is enough', () => {
  expect(keys(call([leg('a'), leg('b', on, 'monitor')]))).toEqual([]);
  expect(keys(call([leg('a'), leg('b')], { held: ['b'] }))).toEqual([]);
  expect(keys(call([leg('a'), leg('b'), leg('c')], { routes: [['a', 'b']] }))).toEqual(['a', 'b']);
});

test('a change counts before what was reserved, also when it comes before the reservation', () => {
  const record = call([leg('a'), leg('b')]);
  const off = relayed(record, { guildId: '1a', channelId: '2a' }, null);
  expect(keys(off)).toEqual([]);
  expect(relayed(off, { guildId: '1a', channelId: '2a' }, null)).toBe(off);
  expect(relayed(record, { guildId: '1x', channelId: '2a' }, null)).toBe(record);
  expect(keys(relayed(call([leg('a', null), leg('b')]), { guildId: '1a', channelId: '2a' }, on))).toEqual(['a', 'b']);
});
