import { expect, test } from 'vitest';
import type { SideCaptions } from '../guild/captions/sides.ts';
import { captionsSpec, hearers, noteCaptioned, withSide } from './captions.ts';
import type { LegRole, SessionLeg, SessionRecord } from './record.ts';
import { firstRoutes } from './spec.ts';

const side = (change: Partial<SideCaptions> = {}): SideCaptions => ({
  ...{ version: 1, on: false, partners: false, language: 'en', keyterms: [], prerecorded: 'gaps', languages: {} },
  ...change,
});
const on = side({ on: true });
const partners = side({ partners: true });
const leg = (key: string, captions: SideCaptions, role: LegRole = 'party'): SessionLeg => ({
  ...{ key, ticketId: null, guildId: `1${key}`, channelId: `2${key}`, role, state: 'active', epoch: 1 },
  reservation: { legId: key, identityId: '9', guildName: key, record: false, captions },
});
const call = (legs: SessionLeg[], more: Partial<SessionRecord> = {}) =>
  ({
    legs,
    held: [],
    timeZero: 1,
    routes: firstRoutes(legs.map(({ key }) => key)),
    ...more,
  }) as unknown as SessionRecord;
const captioned = (record: SessionRecord) =>
  captionsSpec(record, record.legs)
    ?.legs.map(({ legId }) => legId)
    .join('') ?? '';

test.each<[string, SessionRecord, string]>([
  ['nobody wants it', call([leg('a', side()), leg('b', side())]), ''],
  ['the own side alone', call([leg('a', on), leg('b', side())]), 'a'],
  ['the other side, where it allows that', call([leg('a', on), leg('b', partners)]), 'ab'],
  ['not where nobody asks for it', call([leg('a', side()), leg('b', partners)]), ''],
  ['not for a side that does not hear it', call([leg('a', on), leg('b', partners)], { routes: [['a', 'b']] }), 'a'],
  ['not while it is on hold', call([leg('a', on), leg('b', partners)], { held: ['b'] }), 'a'],
  ['a monitor is not captioned, nor asks for others', call([leg('a', on, 'monitor'), leg('b', partners)]), ''],
  ['one channel for itself', call([leg('a', on, 'recorder')]), 'a'],
  [
    'a leg without a place yet is left out',
    call([leg('a', on)], { legs: [{ ...leg('a', on), reservation: undefined } as never] }),
    '',
  ],
])('%s', (_name, record, wanted) => {
  expect(captioned(record)).toBe(wanted);
});

test('what a guild changed counts before what it lent, in whatever order they come; languages of people are put together', () => {
  const record = call([leg('a', side()), leg('b', side({ on: true, languages: { 7: 'it' } }))]);
  const at = { guildId: '1a', channelId: '2a' };
  const changed = withSide(record, at, side({ version: 2, on: true, language: 'de', languages: { 5: 'fr' } }));
  expect(captionsSpec(changed, changed.legs)).toMatchObject({
    legs: [
      { legId: 'a', language: 'de' },
      { legId: 'b', language: 'en' },
    ],
    languages: { 5: 'fr', 7: 'it' },
  });
  expect(withSide(changed, at, side({ version: 2 }))).toBe(changed);
  // The lease came after the change, and knows more.
  expect(captioned(withSide(call([leg('a', side({ version: 3 }))]), at, side({ version: 2, on: true })))).toBe('');
});

test('who was captioned is remembered; words go to the other guilds that hear them', () => {
  const record = noteCaptioned(call([leg('a', on), leg('b', side())]));
  expect(record.captioned).toEqual(['1a:2a']);
  const stopped = withSide(record, { guildId: '1a', channelId: '2a' }, side({ version: 2 }));
  expect(noteCaptioned(stopped).captioned).toEqual(['1a:2a']);
  const three = call([leg('a', on), leg('b', side()), { ...leg('c', side()), guildId: '1a' }]);
  expect(hearers(three, { guildId: '1a', channelId: '2a' })).toEqual([{ guildId: '1b', channelId: '2b' }]);
  expect(hearers({ ...three, held: ['b'] }, { guildId: '1a', channelId: '2a' })).toEqual([]);
  expect(hearers(three, { guildId: '9', channelId: '9' })).toEqual([]);
});
