/** A voice node that froze and comes back finds its bot account with another node: it lets go, and throws nobody out. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { active, ended, type House, makeHouse, startCall, watch } from './scenario/calls.ts';
import type { HubWatcher } from './stack/hub.ts';
import { Stack } from './stack/stack.ts';

let directory: string;
let stack: Stack;
let houses: [House, House];
let watcher: HubWatcher;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'patchbay-fencing-'));
  stack = await Stack.start({ directory });
  const bots = [stack.application.botUserId];
  houses = [await makeHouse(stack.sim, 'One', ['Room'], bots), await makeHouse(stack.sim, 'Two', ['Room'], bots)];
  await stack.startNode('node-1');
  watcher = await watch(stack, houses[0]);
}, 120_000);

afterAll(async () => {
  watcher?.close();
  await stack?.stop();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

test('a frozen node loses its identity to the next one, and does not take it back when it thaws', async () => {
  const rooms = houses.flatMap(({ rooms: own }) => own);
  const first = await startCall(stack, rooms);
  await active(watcher, first);
  const old = stack.children.get('node-1');
  old?.process.kill('SIGSTOP');
  await stack.startNode('node-2');
  const lost = await ended(watcher, first);
  expect(lost.endReason).toBe('node_lost');
  const second = await startCall(stack, rooms);
  await active(watcher, second);
  old?.process.kill('SIGCONT');
  const log = join(directory, 'logs', 'node-1.log');
  await expect.poll(() => readFile(log, 'utf8'), { timeout: 30_000 }).toContain('has taken over the bot account');
  expect(await old?.stop(20_000)).toBe(0);
  stack.children.delete('node-1');
  const view = await active(watcher, second);
  expect(view.state).toBe('active');
  for (const { guildId } of houses) {
    const states = await stack.sim.voiceStates(guildId);
    expect(states.some(({ userId }) => userId === stack.application.botUserId)).toBe(true);
  }
}, 120_000);
