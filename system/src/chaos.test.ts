/**
 * Nobody stops speaking while everything breaks, one thing after the other: what reached a live socket is stored, but for what a kill
 * takes with it. `npm run bench chaos` does it with ten kills and writes the table of docs/recording.md.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Account, chaosTable } from './chaos/accounts.ts';
import { Chaos } from './chaos/chaos.ts';
import { Stack } from './stack/stack.ts';

/** What was received in the turn of the event loop at hand: a packet of 20 ms at most. */
const KILL_LOSS_MS = 20;
/** Another voice server: a packet may be on its way to the old one when the node has left it. */
const CHANGE_LOSS_MS = 40;
const KILLS = Number(process.env.CHAOS_KILLS ?? 3);

let directory: string;
let stack: Stack;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'patchbay-chaos-'));
  stack = await Stack.start({ directory });
}, 120_000);

afterAll(async () => {
  await stack?.stop();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

test('whatever breaks while people speak, what reached the node is stored', async () => {
  const chaos = new Chaos({ stack, kills: KILLS, random: Math.random });
  const { accounts, diskUntried } = await chaos.run();
  const lost = accounts.map(({ name, lostAt }) => `${name}: lost at ${lostAt.join(' ')} ms\n`);
  const table = `${chaosTable(accounts)}${lost.join('')}`;
  console.info(table + (diskUntried === undefined ? '' : `\nThe disk was not filled: ${diskUntried}.\n`));
  const account = (part: string): Account | undefined => accounts.find(({ name }) => name.includes(part));
  const kill = account('killed');
  expect(kill?.times).toBe(KILLS);
  expect(kill?.worstLostMs, table).toBeLessThanOrEqual(KILL_LOSS_MS);
  expect(account('server')?.worstLostMs, table).toBeLessThanOrEqual(CHANGE_LOSS_MS);
  expect(kill?.resumeMs, table).toHaveLength(KILLS);
  for (const { name, lost, reached, stored, refused } of accounts) {
    expect(reached, name).toBeGreaterThan(30);
    if (refused === 0) expect(stored, name).toBeGreaterThan(20);
    if (!name.includes('killed') && !name.includes('server')) expect(lost, `${name}\n${table}`).toBe(0);
  }
  if (diskUntried === undefined) expect(account('disk')?.refused, table).toBeGreaterThan(0);
}, 180_000);
