import { expect, test } from 'vitest';
import { afterSession, decide } from './channel-policy.ts';
import { gone, type KnownMember, seen, snapshotChanges } from './presence.ts';

const base = { use: 'idle' as const, configured: true, held: false, restUntil: 0, humans: 1 };
const rest = { cooldownMs: 60, faultMs: 10 };

test('people in a configured channel queue; an empty channel takes its ticket back', () => {
  expect(decide(base, 5)).toBe('enqueue');
  expect(decide({ ...base, configured: false }, 5)).toBe('nothing');
  expect(decide({ ...base, held: true }, 5)).toBe('nothing');
  expect(decide({ ...base, restUntil: 6 }, 5)).toBe('nothing');
  expect(decide({ ...base, humans: 0 }, 5)).toBe('nothing');
  expect(decide({ ...base, use: 'waiting', humans: 0 }, 5)).toBe('withdraw');
  expect(decide({ ...base, use: 'waiting' }, 5)).toBe('nothing');
  expect(decide({ ...base, use: 'session', humans: 0 }, 5)).toBe('nothing');
});

test('after a session the setting decides, a stop is respected, and faults rest', () => {
  const end = { setting: 'requeue' as const, reason: 'user_left' as const, stoppedHere: false };
  expect(afterSession(end, rest, 100)).toEqual({ held: false, restUntil: 0 });
  expect(afterSession({ ...end, stoppedHere: true }, rest, 100)).toEqual({ held: true, restUntil: 0 });
  expect(afterSession({ ...end, setting: 'idle' }, rest, 100)).toEqual({ held: true, restUntil: 0 });
  expect(afterSession({ ...end, setting: 'cooldown' }, rest, 100)).toEqual({ held: false, restUntil: 160 });
  expect(afterSession({ ...end, reason: 'error' }, rest, 100)).toEqual({ held: false, restUntil: 110 });
});

const member = (userId: string, channelId: string) => ({
  userId,
  channelId,
  bot: false,
  displayName: userId,
  selfMute: false,
  selfDeaf: false,
});
const known = (userId: string, channelId: string | null, asOf: number): KnownMember => ({
  ...member(userId, ''),
  channelId,
  asOf,
});
const cause = { kind: 'unknown' as const, certainty: 0 };

test('each change is told once and older reports change nothing', () => {
  expect(seen(undefined, member('1', 'a'), 5)?.kind).toBe('joined');
  expect(seen(known('1', 'a', 5), member('1', 'a'), 6)).toBeNull();
  expect(seen(known('1', 'a', 5), member('1', 'b'), 6)).toMatchObject({ kind: 'moved', previousChannelId: 'a' });
  expect(seen(known('1', 'a', 5), { ...member('1', 'a'), selfMute: true }, 6)?.kind).toBe('flags');
  expect(seen(known('1', null, 9), member('1', 'a'), 6)).toBeNull();
  expect(gone(known('1', 'a', 5), { userId: '1', at: 6, cause })).toMatchObject({ previousChannelId: 'a' });
  expect(gone(known('1', 'a', 9), { userId: '1', at: 6, cause })).toBeNull();
  expect(gone(undefined, { userId: '1', at: 6, cause })).toBeNull();
});

test('a snapshot says who came, went and moved while nobody looked', () => {
  const before = [known('1', 'a', 5), known('2', 'a', 5), known('3', 'a', 50)];
  const changes = snapshotChanges(before, [member('2', 'b'), member('4', 'a')], 10);
  expect(changes.map((change) => change.kind)).toEqual(['left', 'moved', 'joined']);
});
