/** What happens when nobody acts in time: each deadline of the control plane, with settings that make it short. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mintToken, TOKEN_SECONDS } from '../src/auth/token.ts';
import { JWT_SECRET, person, snapshot, startWorld, TestBrowser, TestNode, type World } from './world.ts';

/** Two guilds with one person each, and a node that holds both; answers the spec that the node gets. */
async function callOf(world: World, node: TestNode, guilds: [string, string], after: string) {
  for (const guildId of guilds) {
    const channelId = `2${guildId}`;
    await node.report(snapshot(guildId, '501', channelId, [person(`3${guildId}`, channelId)]));
  }
  for (const guildId of guilds) await world.setup(guildId, `2${guildId}`, after);
  const message = await node.inbox.next((each) => each.type === 'session.apply');
  if (message.type !== 'session.apply') throw new Error('not an apply');
  return message.spec;
}

const phaseOf = async (world: World, sessionId: string) =>
  (await world.env.SESSION.getByName(sessionId).record())?.phase;

describe('a call that does not connect', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ CONNECT_TIMEOUT_MS: '50', END_TIMEOUT_MS: '50', COOLDOWN_MS: '50' });
  });
  afterAll(() => world.close());

  test('ends with an error, and a channel with a cooldown is queued and called again after its rest', async () => {
    const node = new TestNode(world, 'node-1');
    await node.connect([{ identityId: '501', guildIds: ['101', '102'] }]);
    const spec = await callOf(world, node, ['101', '102'], 'cooldown');
    const end = await node.inbox.next((message) => message.type === 'session.end');
    expect(end).toMatchObject({ sessionId: spec.id, reason: 'error' });
    // The node never confirms the end; the second deadline gives it up.
    await expect
      .poll(() => phaseOf(world, spec.id), { timeout: 10_000 })
      .toMatchObject({ state: 'ended', reason: 'error' });
    const second = await node.inbox.next((message) => message.type === 'session.apply' && message.spec.id !== spec.id);
    if (second.type !== 'session.apply') throw new Error('not an apply');
    expect(second.spec.legs.map((leg) => leg.guildId).sort()).toEqual(['101', '102']);
    const first = await phaseOf(world, spec.id);
    const restedMs = second.spec.timeZero - (first?.state === 'ended' ? first.at : Number.POSITIVE_INFINITY);
    expect(restedMs).toBeGreaterThanOrEqual(50);
  });
});

describe('limits', () => {
  let world: World;
  let discord: Server;
  const edits: { method: string | undefined; url: string | undefined; body: string }[] = [];
  let edited: () => void = () => undefined;
  const firstEdit = new Promise<void>((resolve) => {
    edited = resolve;
  });
  beforeAll(async () => {
    discord = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      edits.push({ method: request.method, url: request.url, body: Buffer.concat(chunks).toString() });
      response.setHeader('content-type', 'application/json').end('{"roles":[]}');
      edited();
    });
    await new Promise<void>((resolve) => discord.listen(0, '127.0.0.1', resolve));
    const { port } = discord.address() as AddressInfo;
    world = await startWorld({
      CALL_LIMIT_SECONDS: '1',
      ANSWER_MS: '0',
      DISCORD_API_URL: `http://127.0.0.1:${port}/api`,
    });
  });
  afterAll(async () => {
    await world.close();
    await new Promise((resolve) => discord.close(resolve));
  });

  test('a command that takes longer than Discord waits is deferred, and its answer edited in', async () => {
    const node = new TestNode(world, 'node-2');
    await node.connect([{ identityId: '502', guildIds: ['111'] }]);
    await node.report(snapshot('111', '502', '2111', [person('3111', '2111')]));
    const response = await world.interaction({
      type: 2,
      guild_id: '111',
      member: { permissions: '0', user: { id: '3111' } },
      data: { name: 'call', options: [{ type: 1, name: 'status' }] },
    });
    expect(await response.json()).toEqual({ type: 5, data: { flags: 64 } });
    await firstEdit;
    expect(edits).toHaveLength(1);
    expect(edits[0]).toMatchObject({ method: 'PATCH', url: '/api/v10/webhooks/900/token/messages/@original' });
    expect(JSON.parse(edits[0]?.body ?? '')).toMatchObject({ content: expect.stringContaining('<#2111> is idle') });
  });

  test('a running call ends with a time-out at its limit', async () => {
    const node = new TestNode(world, 'node-1');
    await node.connect([{ identityId: '501', guildIds: ['101', '102'] }]);
    for (const guildId of ['101', '102']) {
      await node.report(snapshot(guildId, '501', `2${guildId}`, [person(`3${guildId}`, `2${guildId}`)]));
      await world.interaction({
        type: 2,
        guild_id: guildId,
        member: { permissions: '0', user: { id: `3${guildId}` } },
        data: { name: 'call', options: [{ type: 1, name: 'join' }] },
      });
    }
    const apply = await node.inbox.next((each) => each.type === 'session.apply');
    if (apply.type !== 'session.apply') throw new Error('not an apply');
    const { spec } = apply;
    expect(spec.limits).toEqual({ seconds: 1 });
    const about = { sessionId: spec.id, revision: spec.revision };
    for (const { guildId, legId } of spec.legs) {
      await node.report({ type: 'session.active', guildId, ...about, legId, daveVersion: 1 });
    }
    const end = await node.inbox.next((message) => message.type === 'session.end');
    expect(end).toMatchObject({ sessionId: spec.id, reason: 'timeout' });
    for (const { guildId, legId } of spec.legs) {
      await node.report({ type: 'session.ended', guildId, ...about, legId, reason: 'timeout' });
    }
    await expect
      .poll(() => phaseOf(world, spec.id), { timeout: 10_000 })
      .toMatchObject({ state: 'ended', reason: 'timeout' });
  });

  test('a browser is closed when its token expires', async () => {
    const node = new TestNode(world, 'node-3');
    await node.connect([{ identityId: '503', guildIds: ['121'] }]);
    await node.report(snapshot('121', '503', '2121'));
    const browser = new TestBrowser(world, '121');
    const claims = { sub: '1', guilds: ['121'], scope: 'guild' as const };
    const { token, expiresAt } = await mintToken(JWT_SECRET, claims, Date.now() - (TOKEN_SECONDS - 2) * 1000);
    await browser.auth(token);
    await browser.event('presence.snapshot');
    expect(await browser.closed).toBe(4001);
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
    expect(browser.inbox.all.at(-1)).toMatchObject({ type: 'error', code: 'token_expired' });
  });
});
