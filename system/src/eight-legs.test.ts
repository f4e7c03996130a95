/**
 * A conference of eight servers with a matrix given as data, everybody talking at once: who hears whom, in dB. Real voice node, real
 * UDP, end-to-end encrypted; the mixes themselves are proven on virtual time in the voice node's own tests.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadClips } from '@patchbay/sim/clips';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Timeline } from './hearing/timeline.ts';
import { withTone } from './hearing/voices.ts';
import { active, type House, makeHouse, startCall, watch } from './scenario/calls.ts';
import { heardThrough, judgeAll, talk, type Voice } from './scenario/talk.ts';
import { tonesHeard } from './scenario/tones.ts';
import type { HubWatcher } from './stack/hub.ts';
import { Stack } from './stack/stack.ts';

const CLIPS = ['ada-1', 'ben-1', 'cleo-1', 'dan-1', 'ada-2', 'ben-2', 'cleo-3', 'dan-2'];

/** Who hears whom: from → to. Not symmetric; a broadcaster, a pair, a chain, and one who only listens. */
const matrix: Record<string, readonly string[]> = {
  '0': ['1', '2', '3', '4', '5', '6', '7'],
  '1': ['2', '7'],
  '2': ['1', '7'],
  '3': ['4', '5', '7'],
  '4': ['0', '7'],
  '5': ['6', '7'],
  '6': ['5', '0', '7'],
  '7': [],
};
const routes = Object.entries(matrix).flatMap(([from, all]) =>
  all.map((to): [number, number] => [Number(from), Number(to)]),
);
/** Seven at once must stay clear of the limiter. */
const GAIN = 0.25;

let directory: string;
let stack: Stack;
let houses: House[];
let watcher: HubWatcher;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'patchbay-eight-'));
  stack = await Stack.start({ directory });
  const { botUserId } = stack.application;
  houses = await Promise.all(CLIPS.map((_, index) => makeHouse(stack.sim, `House ${index}`, ['Room'], [botUserId])));
  await stack.startNode();
  const [first] = houses;
  if (!first) throw new Error('There are eight houses.');
  watcher = await watch(stack, first);
}, 120_000);

afterAll(async () => {
  watcher?.close();
  await stack?.stop();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

test('eight servers, everybody talking at once: each hears exactly whom the matrix routes to them, at their level', async () => {
  const { sim } = stack;
  const rooms = houses.flatMap((house) => house.rooms);
  const sessionId = await startCall(stack, rooms, { mode: 'custom', routes });
  const { legs } = await active(watcher, sessionId);
  expect(legs.map(({ daveVersion }) => daveVersion)).toEqual(Array(8).fill(1));
  const clips = await loadClips();
  const voices = rooms.map(({ userId }, index): Voice => {
    const toneHz = 8_650 + 500 * index;
    const packets = withTone(clips.get(CLIPS[index] ?? '')?.packets ?? [], toneHz, GAIN);
    return { label: `${index}`, userId, toneHz, packets };
  });
  await Promise.all(rooms.map(({ userId }) => sim.ready(userId)));
  await tonesHeard(
    sim,
    rooms.map(({ userId }) => userId),
    [stack.application.botUserId],
  );
  for (const { userId } of rooms) await sim.clearHeard(userId);
  const said = await talk(sim, voices);
  const heard = new Map<string, Timeline>();
  for (const { label, userId } of voices) {
    heard.set(label, await heardThrough(sim, userId, [stack.application.botUserId], said));
  }
  const verdicts = judgeAll(heard, said, (from, to) => (matrix[from] ?? []).includes(to));
  expect(verdicts).toHaveLength(64);
  expect(verdicts.filter(({ routed }) => routed)).toHaveLength(routes.length);
  expect(verdicts.filter(({ ok }) => !ok)).toEqual([]);
  // The proof can fail: by the matrix with its directions turned round, leg 0 would hear seven and not two.
  const [first] = heard;
  const turned = judgeAll(new Map(first ? [first] : []), said, (from, to) => (matrix[to] ?? []).includes(from));
  expect(turned.filter(({ ok }) => !ok)).toHaveLength(5);
  expect((await sim.counters()).plaintextFramesInDaveRooms).toBe(0);
}, 120_000);
