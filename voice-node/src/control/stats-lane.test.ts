import type { SessionStats } from '@patchbay/shared/control-messages';
import { ulid } from 'ulid';
import { expect, test } from 'vitest';
import { VirtualTime } from '../ops/virtual-time.ts';
import { REPEAT_MS, STATS_MS, StatsLane } from './stats-lane.ts';

const [sessionId, legId] = [ulid(), ulid()];
const stats = (spoke: string[], delayMs?: number, concealed = 0): SessionStats => ({
  v: 1,
  type: 'ephemeral',
  event: 'session.stats',
  sessionId,
  legs: [{ legId, spoke, ...(delayMs === undefined ? {} : { delayMs }) }],
  late: 0,
  concealed,
});

function lane() {
  const time = new VirtualTime();
  const world = { running: [stats([])], up: true, sent: [] as SessionStats[] };
  const send = (message: SessionStats) => {
    if (world.up) world.sent.push(message);
    return world.up;
  };
  const statsLane = new StatsLane({ send, read: () => world.running, scheduler: time });
  const beat = (beats = 1) => time.runUntil(time.now() + beats * STATS_MS);
  return { world, beat, statsLane, time };
}

test('what changed is told at the next beat, once; what did not, not before it is due again', () => {
  const { world, beat, statsLane, time } = lane();
  beat();
  expect(world.sent).toEqual([stats([])]);
  beat(3);
  world.running = [stats(['7'], 20.04)];
  beat();
  world.running = [stats(['7'], 21.9, 5)]; // not a tenth more
  beat();
  expect(world.sent).toEqual([stats([]), stats(['7'], 20)]);
  world.running = [stats(['7'], 22.5)];
  beat();
  // Nobody speaks any more, and nothing is measured: the delay of the call is still that.
  world.running = [stats([])];
  beat();
  expect(world.sent.slice(2)).toEqual([stats(['7'], 22.5), stats([], 22.5)]);
  beat(REPEAT_MS / STATS_MS);
  expect(world.sent).toHaveLength(5);
  statsLane.close();
  expect(time.pending).toBe(0);
});

test('what could not be sent is dropped; the newest is told when the line stands again', () => {
  const { world, beat, statsLane } = lane();
  world.up = false;
  world.running = [stats(['7'])];
  beat(2);
  world.running = [stats(['8'])];
  world.up = true;
  beat();
  expect(world.sent).toEqual([stats(['8'])]);
  statsLane.close();
});

test('a session that ended is forgotten: one of its id that runs again is told anew', () => {
  const { world, beat, statsLane } = lane();
  beat();
  world.running = [];
  beat();
  world.running = [stats([])];
  beat();
  expect(world.sent).toHaveLength(2);
  statsLane.close();
});
