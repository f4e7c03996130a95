/** The matchmaker as an object: its alarm, its sessions, and what a crash leaves. The rules are tested beside them. */
import type { TicketInput } from '@patchbay/shared/match';
import { ulid } from 'ulid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ CLAIM_MS: '500' });
});
afterAll(() => world.close());

const ticket = (name: string, guildId: string, at: number, more: Partial<TicketInput> = {}): TicketInput => ({
  ticketId: name,
  guildId,
  channelId: '1',
  at,
  ...more,
});
const storageOf = (pool: string) => world.harness.getWorker().getDurableObjectStorage('MATCHMAKER', { name: pool });
/** The session that was started for a guild's ticket, from the list that sessions write themselves into. */
async function sessionWith(guildId: string): Promise<string> {
  const query = () =>
    world.env.DB?.prepare('SELECT session_id AS id FROM legs WHERE guild_id = ?').bind(guildId).first<{ id: string }>();
  await expect.poll(query, { timeout: 15_000 }).toBeTruthy();
  return (await query())?.id ?? '';
}

test('an expired claim whose session never heard of it gives the tickets back to their places', async () => {
  const pool = ulid();
  const queue = world.env.MATCHMAKER.getByName(pool);
  await queue.enqueue(pool, ticket('third', '91', 3));
  // What a crash between the claim and the start of the session leaves behind.
  const storage = await storageOf(pool);
  for (const [name, at] of [
    ['first', 1],
    ['second', 2],
  ] as const) {
    const body = JSON.stringify({ mode: 'bridge', priority: 0, blocks: [], ...ticket(name, '91', at), pool });
    const claim = "INSERT INTO claimed VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV', ?, 0, 0, 1, 1, ?)";
    await storage.exec(claim, name, body);
  }
  // Leaving during a claim cancels it, and a ticket that is claimed is not queued a second time.
  await queue.withdraw('second');
  await queue.enqueue(pool, ticket('first', '91', 1));
  expect(await queue.place('first')).toBeNull();
  await queue.tick(Date.now());
  await expect.poll(() => queue.place('first'), { timeout: 10_000 }).toBe(1);
  expect(await queue.place('second')).toBeNull();
  expect(await queue.place('third')).toBe(2);
  // Late copies of what is over change nothing.
  await queue.enqueue(pool, ticket('second', '91', 2));
  expect(await queue.place('second')).toBeNull();
});

test('a match starts its session with mode and routes, and a session that cannot be placed gives the places back', async () => {
  const pool = '92';
  const queue = world.env.MATCHMAKER.getByName(pool);
  const desk = { mode: 'support' as const };
  await queue.enqueue(pool, ticket('staff', '92', 10, { ...desk, side: 'staff' }));
  await queue.enqueue(pool, ticket('caller', '92', 20, { ...desk, side: 'caller' }));
  const session = world.env.SESSION.getByName(await sessionWith('92'));
  // No node is there to take it: nobody is to blame.
  await expect.poll(async () => (await session.record())?.phase.state).toBe('ended');
  expect(await session.record()).toMatchObject({
    pool,
    mode: 'support',
    legs: [{ ticketId: 'caller' }, { ticketId: 'staff' }],
  });
  await expect.poll(() => queue.place('caller')).toBe(1);
  expect(await queue.place('staff')).toBe(1);
  expect(await queue.expectedWait('caller')).toBeNull();
  await queue.withdraw('caller');
  await queue.withdraw('staff');
});

test('tickets that have to wait for each other are matched by the alarm', async () => {
  const pool = ulid();
  const queue = world.env.MATCHMAKER.getByName(pool);
  // Both have been patient nearly long enough: no call comes in any more, only the alarm can match them.
  const at = Date.now() - 19_000;
  await queue.enqueue(pool, ticket('english', '93', at, { language: 'en' }));
  await queue.enqueue(pool, ticket('italian', '94', at, { language: 'it' }));
  expect(await queue.place('italian')).toBe(2);
  expect(await sessionWith('93')).toBe(await sessionWith('94'));
});
