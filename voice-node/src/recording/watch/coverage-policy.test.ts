import { expect, test } from 'vitest';
import { type CoverageChange, CoveragePolicy, type CoverageScene } from './coverage-policy.ts';
import { Watchdog } from './watchdog.ts';

type Policy = CoveragePolicy;
const scene = (people: string, more: Partial<CoverageScene> = {}): CoverageScene => ({
  people: new Set(people),
  muted: false,
  deafened: false,
  ...more,
});
const short = (changes: readonly CoverageChange[]) =>
  changes.map(({ code, state, userId }) => `${code} ${state}${userId === undefined ? '' : ` ${userId}`}`);

/** Each step happens in turn; what all of them tell, in order. */
test.each<[name: string, steps: ((policy: Policy) => CoverageChange[])[], told: string[]]>([
  [
    'a packet in time is no alarm',
    [(p) => p.announced('a', true, 0), (p) => p.packet('a', 4_900), (p) => p.look(60_000)],
    [],
  ],
  [
    'a word that came before its announcement is no alarm',
    [(p) => p.packet('a', 0), (p) => p.announced('a', true, 300), (p) => p.look(60_000)],
    [],
  ],
  [
    'one who speaks and is not heard, while another one is heard',
    [
      (p) => p.announced('a', true, 0),
      (p) => p.packet('b', 4_000),
      (p) => p.look(4_999),
      (p) => p.look(5_000),
      (p) => p.look(6_000),
      (p) => p.packet('b', 6_500),
      (p) => p.packet('a', 7_000),
      (p) => p.look(20_000),
    ],
    ['no_packets begun a', 'no_packets over a'],
  ],
  [
    'who stops speaking, or leaves, is not missed',
    [
      (p) => p.announced('a', true, 0),
      (p) => p.announced('b', true, 0),
      (p) => p.packet('c', 4_000),
      (p) => p.look(5_000),
      (p) => p.announced('a', false, 6_000),
      (p) => p.scene(scene('ac')),
      (p) => p.look(20_000),
    ],
    ['no_packets begun a', 'no_packets begun b', 'no_packets over a', 'no_packets over b'],
  ],
  [
    'several speak and nobody is heard: it is the receiver',
    [
      (p) => p.announced('a', true, 0),
      (p) => p.announced('b', true, 100),
      (p) => p.look(5_100),
      (p) => p.look(9_000),
      (p) => p.packet('c', 9_100),
    ],
    ['receiver_stalled begun', 'receiver_stalled over'],
  ],
  [
    'the only one in the channel speaks and is not heard: the receiver, too',
    [(p) => p.scene(scene('a')), (p) => p.announced('a', true, 0), (p) => p.look(5_000), (p) => p.packet('a', 6_000)],
    ['receiver_stalled begun', 'receiver_stalled over'],
  ],
  [
    'a stall is over when nobody speaks any more',
    [(p) => p.scene(scene('a')), (p) => p.announced('a', true, 0), (p) => p.look(5_000), (p) => p.scene(scene(''))],
    ['receiver_stalled begun', 'receiver_stalled over'],
  ],
  [
    'a deafened bot misses nobody',
    [
      (p) => p.announced('a', true, 0),
      (p) => p.packet('c', 4_000),
      (p) => p.look(5_000),
      (p) => p.scene(scene('abc', { deafened: true })),
      (p) => p.announced('b', true, 6_000),
      (p) => p.look(30_000),
      (p) => p.scene(scene('abc')),
    ],
    ['no_packets begun a', 'bot_deafened begun', 'no_packets over a', 'bot_deafened over'],
  ],
  [
    'a muted bot still receives',
    [
      (p) => p.scene(scene('abc', { muted: true })),
      (p) => p.announced('a', true, 0),
      (p) => p.packet('c', 4_000),
      (p) => p.look(5_000),
      (p) => p.scene(scene('abc')),
    ],
    ['bot_muted begun', 'no_packets begun a', 'bot_muted over'],
  ],
])('%s', (_, steps, told) => {
  const policy = new CoveragePolicy();
  policy.scene(scene('abc'));
  expect(short(steps.flatMap((step) => step(policy)))).toEqual(told);
});

test('a stalled receiver is mended step by step, each step once; when it flows again the steps begin anew', () => {
  const watchdog = new Watchdog();
  const done: string[] = [];
  for (let at = 0; at <= 60_000; at += 1_000) {
    const repair = watchdog.look(true, at);
    if (repair) done.push(`${repair} ${at}`);
  }
  expect(done).toEqual(['resubscribe 0', 'reinitialise 5000', 'rejoin 15000']);
  expect(watchdog.waits).toBe(false);
  expect(watchdog.look(false, 61_000)).toBeUndefined();
  expect(watchdog.look(true, 62_000)).toBe('resubscribe');
});
