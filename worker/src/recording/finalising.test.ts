import { expect, test } from 'vitest';
import { type Asker, couldView, mayIn, mayRead, type RecordedSight } from './access.ts';
import { flushedOf, isFlushed } from './audio.ts';
import { nextStep, ordered, unsealed } from './finalising.ts';
import { type Master, newRecord, type RecordingRecord } from './record.ts';
import { expiryOf } from './retention.ts';

const DAY = 86_400_000;
const keep = { chunkDays: 7, recordingDays: 90 };
const over = (nodes: RecordingRecord['nodes'], more: Partial<RecordingRecord> = {}): RecordingRecord => ({
  ...newRecord('s', 0, keep),
  endedAt: 1_000,
  nodes,
  ...more,
});
const facts = (now: number) => ({ now, sealMs: 600, hasSound: true });
const master = (at: number, early = false): Master => ({
  ...{ key: 'k', at, takenAt: at, sha256: 'x', samples: 1, loudness: -16, truePeak: -1, complete: true, early },
});

test('finalised when every node has stored its part, and not before', () => {
  const waits = over({ a: { lastAt: 900, sealedAt: 1_100 }, b: { lastAt: 950, sealedAt: null } });
  expect(unsealed(waits)).toEqual(['b']);
  expect(nextStep(waits, facts(1_100))).toEqual({ kind: 'wait', until: 1_600 });
  const sealed = over({ a: { lastAt: 900, sealedAt: 1_100 }, b: { lastAt: 950, sealedAt: 1_200 } });
  expect(nextStep(sealed, facts(1_200))).toEqual({ kind: 'order', incomplete: false });
  const { endedAt: _, ...running } = sealed;
  expect(nextStep(running, facts(1_200))).toEqual({ kind: 'none' });
  expect(nextStep(sealed, { ...facts(1_200), hasSound: false })).toEqual({ kind: 'none' });
});

test('what a node said of it before it recorded again does not count', () => {
  // Sealed after a crash in mid-session, then it recorded on.
  expect(unsealed(over({ a: { lastAt: 950, sealedAt: 500 } }))).toEqual(['a']);
});

test('a node that is away: made without its part once, and again when that has come', () => {
  const nodes = { a: { lastAt: 900, sealedAt: 1_100 }, b: { lastAt: 950, sealedAt: null } };
  expect(nextStep(over(nodes), facts(1_600))).toEqual({ kind: 'order', incomplete: true });
  const made = over(nodes, { master: master(1_700, true) });
  expect(nextStep(made, facts(9_000))).toEqual({ kind: 'none' });
  const all = { ...made, nodes: { ...nodes, b: { lastAt: 950, sealedAt: 5_000 } } };
  expect(nextStep(all, facts(9_000))).toEqual({ kind: 'order', incomplete: false });
  expect(nextStep({ ...all, master: master(9_000) }, facts(9_001))).toEqual({ kind: 'none' });
});

test('a part that comes after the master, and a person who is taken out, make it again', () => {
  const made = over({ a: { lastAt: 900, sealedAt: 1_100 } }, { master: master(1_300) });
  expect(nextStep(made, facts(2_000)).kind).toBe('none');
  expect(nextStep({ ...made, nodes: { a: { lastAt: 1_400, sealedAt: 1_500 } } }, facts(2_000)).kind).toBe('order');
  expect(nextStep({ ...made, withoutAt: 1_400 }, facts(2_000)).kind).toBe('order');
});

test('an order that a node works on is not given anew; another kind of order is', () => {
  const order = { incomplete: false, attempts: 3, nextAt: 77 };
  const record = over({ a: { lastAt: 900, sealedAt: 1_100 } }, { order });
  expect(ordered(record, { kind: 'order', incomplete: false }, 5)).toEqual(order);
  expect(ordered(record, { kind: 'order', incomplete: true }, 5)).toEqual({ incomplete: true, attempts: 0, nextAt: 5 });
  expect(ordered(record, { kind: 'none' }, 5)).toBeUndefined();
});

test('chunks go some days after a whole master was made, and never before; the rest from the end', () => {
  const record = over({ a: { lastAt: 900, sealedAt: 1_100 } });
  expect(expiryOf(record)).toEqual({ chunksAt: null, at: 1_000 + 90 * DAY });
  expect(expiryOf({ ...record, master: master(5_000) }).chunksAt).toBe(5_000 + 7 * DAY);
  expect(expiryOf({ ...record, master: master(5_000, true) }).chunksAt).toBeNull();
  expect(expiryOf({ ...record, keep: { chunkDays: 0, recordingDays: 0 } })).toEqual({ chunksAt: null, at: null });
});

const VIEW = '1024';
const sight = (overwrites: RecordedSight['overwrites']): RecordedSight => ({
  ...{ ownerId: '9', roles: { '1': VIEW, '5': '0', '6': '8' }, overwrites },
});
const hidden = [
  { id: '1', type: 'role' as const, allow: '0', deny: VIEW },
  { id: '5', type: 'role' as const, allow: VIEW, deny: '0' },
];
const asks = (userId: string, roles: string[] | null, manages = false): Asker => ({
  userId,
  guildId: '1',
  roles,
  manages,
});

test('who may have it: who was in it, who could view the channel all the time, who manages the server', () => {
  const side = { guildId: '1', channelId: '2', sights: [sight(hidden), sight(hidden)] };
  const people = new Set(['40']);
  expect(mayRead(asks('40', null), [side], people)).toBe(true);
  expect(mayRead(asks('41', ['5']), [side], people)).toBe(true);
  expect(mayRead(asks('42', []), [side], people)).toBe(false);
  expect(mayRead(asks('43', ['6']), [side], people)).toBe(true);
  expect(mayRead(asks('44', [], true), [side], people)).toBe(true);
  expect(mayRead({ ...asks('44', ['5'], true), guildId: '3' }, [side], people)).toBe(false);
  // No member any more: roles of another time do not help.
  expect(mayRead(asks('41', null), [side], people)).toBe(false);
  // Whom the server names as its staff.
  expect(mayRead({ ...asks('42', ['8']), staffRole: '8' }, [side], people)).toBe(true);
  // Having been in it is not enough to delete it.
  expect(mayIn('recording.delete', asks('40', []), [side], people)).toBe(false);
  expect(mayIn('recording.delete', asks('44', [], true), [side], people)).toBe(true);
  expect(mayIn('recording.erase', { ...asks('44', [], true), guildId: '3' }, [side], people)).toBe(false);
  // Opened or hidden in the middle; or never told.
  expect(couldView(asks('42', []), { ...side, sights: [sight(hidden), sight([])] })).toBe(false);
  expect(couldView(asks('42', []), { ...side, sights: [sight([]), sight([])] })).toBe(true);
  expect(couldView(asks('42', []), { ...side, sights: [sight(null)] })).toBe(false);
});

test('what was flushed is told server by server, and complete with the last of those that are recorded', () => {
  const part = (userId: string) => ({ key: `k${userId}`, userId, firstSample: 0, samples: 960 });
  const side = { guildName: '', channelId: '2', channelName: '', startedAt: 0, sights: [] };
  const sides = [
    { ...side, guildId: '1', endedAt: null },
    { ...side, guildId: '2', endedAt: null },
    { ...side, guildId: '3', endedAt: 5 },
  ];
  const record = { ...newRecord('s', 0, { chunkDays: 0, recordingDays: 0 }), sides };
  const of = (requestId: string, guildId: string, users: string[]) => ({
    ...{ requestId, guildId, until: 960 },
    objects: users.map(part),
  });
  const first = flushedOf(undefined, of('r1', '1', ['5']), []);
  expect(isFlushed({ ...record, flushed: first.flushed })).toBe(false);
  const both = flushedOf(first.flushed, of('r1', '2', ['6', '7']), ['7']);
  expect(both).toMatchObject({ flushed: { objects: [part('5'), part('6')] }, unwanted: ['k7'] });
  expect(isFlushed({ ...record, flushed: both.flushed })).toBe(true);
  const later = flushedOf(both.flushed, of('r2', '1', ['5']), []);
  expect(later.flushed.objects).toEqual([part('5')]);
});
