import { expect, test } from 'vitest';
import { type BreakerState, closed, failed, isPaused, LONGEST_PAUSE_MS } from './breaker.ts';
import { afterListening, afterSession, decide, failedToStart, opensToMonitors } from './channel-policy.ts';
import { heard, type MemberState, stands } from './echoes.ts';
import { gone, type KnownMember, SKEW_MS, seen, snapshotChanges } from './presence.ts';

const base = {
  use: 'idle' as const,
  configured: true,
  hold: 'none' as const,
  restUntil: 0,
  humans: 1,
  leastPeople: 1,
  paused: false,
  identityFree: true,
  monitor: false,
  audible: false,
};
const rest = { cooldownMs: 60, faultMs: 10 };

test('people in a configured channel queue; a channel that got too empty takes its ticket back', () => {
  expect(decide(base, 5)).toBe('enqueue');
  expect(decide({ ...base, configured: false }, 5)).toBe('nothing');
  expect(decide({ ...base, hold: 'until-empty' }, 5)).toBe('nothing');
  expect(decide({ ...base, hold: 'until-join' }, 5)).toBe('nothing');
  expect(decide({ ...base, restUntil: 6 }, 5)).toBe('nothing');
  expect(decide({ ...base, humans: 0 }, 5)).toBe('nothing');
  expect(decide({ ...base, humans: 1, leastPeople: 2 }, 5)).toBe('nothing');
  expect(decide({ ...base, use: 'waiting', humans: 0 }, 5)).toBe('withdraw');
  expect(decide({ ...base, use: 'waiting', humans: 1, leastPeople: 2 }, 5)).toBe('withdraw');
  expect(decide({ ...base, use: 'waiting' }, 5)).toBe('nothing');
  // Queued by command: neither a hold nor the missing set-up takes the ticket back.
  expect(decide({ ...base, use: 'waiting', configured: false, hold: 'until-empty' }, 5)).toBe('nothing');
  expect(decide({ ...base, use: 'session', humans: 0 }, 5)).toBe('nothing');
});

test('a channel that could not start now does not queue, and takes its ticket back', () => {
  for (const obstacle of [{ paused: true }, { identityFree: false }]) {
    expect(decide({ ...base, ...obstacle }, 5)).toBe('nothing');
    expect(decide({ ...base, ...obstacle, use: 'waiting' }, 5)).toBe('withdraw');
    expect(decide({ ...base, ...obstacle, use: 'session' }, 5)).toBe('nothing');
  }
});

test('a monitor never queues: people in it listen while a call may be heard, whatever pauses or counts for calls', () => {
  const monitor = { ...base, monitor: true, audible: true };
  expect(decide(monitor, 5)).toBe('listen');
  expect(decide({ ...monitor, paused: true, leastPeople: 3 }, 5)).toBe('listen');
  const obstacles = [
    { audible: false },
    { humans: 0 },
    { configured: false },
    { identityFree: false },
    { restUntil: 6 },
    { hold: 'until-empty' as const },
    { use: 'session' as const },
  ];
  for (const obstacle of obstacles) expect(decide({ ...monitor, ...obstacle }, 5)).toBe('nothing');
  // It was a bridge a moment ago.
  expect(decide({ ...monitor, use: 'waiting' }, 5)).toBe('withdraw');
});

test('monitors are woken once, when a call opens to them: not by the traces of a try that failed', () => {
  const open = { openToMonitors: true };
  expect(opensToMonitors(undefined, open)).toBe(true);
  expect(opensToMonitors({}, open)).toBe(true);
  expect(opensToMonitors(open, open)).toBe(false);
  expect(opensToMonitors(open, {})).toBe(false);
});

test('a monitor waits again after a call, rests after a fault, and stays away when somebody wanted it so', () => {
  const after = (reason: Parameters<typeof afterListening>[0]['reason'], intent: 'leave' | null = null) =>
    afterListening({ reason, intent }, 10, 100);
  expect(after('user_left')).toEqual({ hold: 'none', restUntil: 0 });
  expect(after('command')).toEqual({ hold: 'none', restUntil: 0 });
  expect(after('error')).toEqual({ hold: 'none', restUntil: 110 });
  expect(after('command', 'leave')).toEqual({ hold: 'until-empty', restUntil: 0 });
  for (const reason of ['bot_moved', 'bot_removed'] as const) expect(after(reason).hold).toBe('until-empty');
});

test('after a session the setting decides, what people asked for goes before it, and faults rest', () => {
  const end = { setting: 'requeue' as const, reason: 'user_left' as const, intent: null };
  const none = { hold: 'none', restUntil: 0 };
  expect(afterSession(end, rest, 100)).toEqual(none);
  expect(afterSession({ ...end, intent: 'stop' }, rest, 100)).toEqual({ hold: 'until-empty', restUntil: 0 });
  expect(afterSession({ ...end, intent: 'leave' }, rest, 100)).toEqual({ hold: 'until-join', restUntil: 0 });
  expect(afterSession({ ...end, setting: 'idle' }, rest, 100)).toEqual({ hold: 'until-empty', restUntil: 0 });
  expect(afterSession({ ...end, setting: 'idle', intent: 'next' }, rest, 100)).toEqual(none);
  expect(afterSession({ ...end, setting: 'cooldown', intent: 'next' }, rest, 100)).toEqual(none);
  expect(afterSession({ ...end, setting: 'cooldown' }, rest, 100)).toEqual({ hold: 'none', restUntil: 160 });
  expect(afterSession({ ...end, reason: 'error' }, rest, 100)).toEqual({ hold: 'none', restUntil: 110 });
});

test('only a side that never connected, for a reason of its own, failed to start', () => {
  expect(failedToStart('error', false)).toBe(true);
  expect(failedToStart('no_identity', false)).toBe(true);
  expect(failedToStart('error', true)).toBe(false);
  expect(failedToStart('node_lost', false)).toBe(false);
  expect(failedToStart('user_left', false)).toBe(false);
});

test('the circuit breaker opens after so many failures in the window, each time for twice as long, an hour at most', () => {
  const rule = { failures: 3, windowMs: 1_000, pauseMs: 60_000 };
  const fail = (state: BreakerState, ...times: number[]) => times.reduce((now, at) => failed(now, at, rule), state);
  expect(isPaused(fail(closed, 0, 1), 2)).toBe(false);
  // The first one is too long ago to count.
  expect(isPaused(fail(closed, 0, 900, 1_000), 1_000)).toBe(false);
  const once = fail(closed, 0, 1, 2);
  expect(once.until).toBe(60_002);
  expect([isPaused(once, 60_001), isPaused(once, 60_002)]).toEqual([true, false]);
  const twice = fail(once, 70_000, 70_001, 70_002);
  expect(twice.until).toBe(70_002 + 120_000);
  const often = Array.from({ length: 20 }).reduce<BreakerState>((state) => fail(state, 5, 5, 5), closed);
  expect(often.until).toBe(5 + LONGEST_PAUSE_MS);
});

const member = (userId: string, channelId: string) => ({
  userId,
  channelId,
  bot: false,
  displayName: userId,
  selfMute: false,
  selfDeaf: false,
});
const known = (userId: string, channelId: string | null, asOf: number, nodeId = 'n'): KnownMember => ({
  ...member(userId, ''),
  channelId,
  asOf,
  nodeId,
});
const cause = { kind: 'unknown' as const, certainty: 0 };
const by = (at: number, nodeId = 'n') => ({ at, nodeId });

test('each change is told once; of one node everything is newer than before, whatever its clock does', () => {
  expect(seen(undefined, member('1', 'a'), by(5))?.kind).toBe('joined');
  expect(seen(known('1', 'a', 5), member('1', 'a'), by(6))).toBeNull();
  expect(seen(known('1', 'a', 5), member('1', 'b'), by(6))).toMatchObject({ kind: 'moved', previousChannelId: 'a' });
  expect(seen(known('1', 'a', 5), { ...member('1', 'a'), selfMute: true }, by(6))?.kind).toBe('flags');
  expect(seen(known('1', 'a', 5), { ...member('1', 'a'), serverDeaf: true }, by(6))?.kind).toBe('flags');
  expect(seen(known('1', null, 9_000), member('1', 'a'), by(6))?.kind).toBe('joined');
  expect(gone(known('1', 'a', 9_000), { userId: '1', cause }, by(6))).toMatchObject({ previousChannelId: 'a' });
  expect(gone(undefined, { userId: '1', cause }, by(6))).toBeNull();
});

test("another node's older reports change nothing; within the skew of clocks they count", () => {
  const late = by(10_000 - SKEW_MS - 1, 'other');
  expect(seen(known('1', null, 10_000), member('1', 'a'), late)).toBeNull();
  expect(gone(known('1', 'a', 10_000), { userId: '1', cause }, late)).toBeNull();
  expect(gone(known('1', 'a', 10_000), { userId: '1', cause }, by(10_000 - SKEW_MS, 'other'))).not.toBeNull();
});

test('a snapshot says who came, went and moved while nobody looked', () => {
  const before = [known('1', 'a', 5), known('2', 'a', 5), known('3', 'a', 50, 'other')];
  const changes = snapshotChanges(before, [member('2', 'b'), member('4', 'a')], by(10));
  // Of the third another node said something just now: its picture may be newer than this one.
  expect(changes.map((change) => change.kind)).toEqual(['left', 'moved', 'joined']);
});

/** What a guild makes of the reports of two nodes, in the order in which they come. */
function told(reports: string) {
  let row: MemberState[] = [];
  const news: string[] = [];
  for (const [nodeId = '', state = ''] of reports.split(' ').map((report) => report.split(':'))) {
    const answer = heard(row, nodeId, state);
    row = answer.row;
    if (!answer.echo) news.push(state);
  }
  return news.join(' ');
}

test('two nodes report each change: it is news once, however far one is behind', () => {
  expect(told('A:x B:x A:gone B:gone A:x B:x')).toBe('x gone x');
  expect(told('A:x A:gone A:x A:gone B:x B:gone B:x B:gone')).toBe('x gone x gone');
  expect(told('A:x A:gone B:x A:x B:gone B:x B:gone A:gone')).toBe('x gone x gone');
  // They take turns in being first.
  expect(told('A:x B:x B:y A:y A:gone B:gone B:x A:x')).toBe('x y gone x');
});

test('a node that comes with a whole picture stands where the picture fits', () => {
  const row = [
    { state: 'x', nodes: ['A'] },
    { state: '', nodes: ['A'] },
    { state: 'x', nodes: ['A'] },
  ];
  const after = stands(row, 'B', 'x', false);
  expect(heard(after, 'B', '').echo).toBe(false);
  expect(heard(row, 'B', '').echo).toBe(true);
  expect(stands([{ state: '', nodes: ['A'] }], 'B', 'x', false)).toHaveLength(1);
  expect(stands([], 'B', 'x', true)).toEqual([{ state: 'x', nodes: ['B'] }]);
});
