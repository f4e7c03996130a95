import type { WorkerMessage } from '@patchbay/shared/control-messages';
import type { SessionView } from '@patchbay/shared/hub-protocol';
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintToken } from '../src/auth/token.ts';
import { JWT_SECRET, left, person, snapshot, startWorld, TestBrowser, TestNode, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const isApply = (message: WorkerMessage) => message.type === 'session.apply';

async function specAfter(node: TestNode, from: number): Promise<SessionSpec> {
  const message = await node.inbox.next(isApply, from);
  if (message.type !== 'session.apply') throw new Error('not an apply');
  return message.spec;
}

test('two servers with people in voice are called together, hear of it, and queue again after it', async () => {
  const node = new TestNode(world, 'node-1');
  await node.connect([{ identityId: '501', guildIds: ['101', '102', '103'] }]);
  await node.report(snapshot('101', '501', '201'));
  await node.report(snapshot('102', '501', '202'));
  await node.report(snapshot('103', '501', '203'));
  expect(await world.setup('101', '201')).toContain('queued when people join');
  await world.setup('102', '202', 'requeue', false);
  await world.setup('103', '203', 'requeue', false);

  const { token } = await mintToken(JWT_SECRET, { sub: '301', guilds: ['101'], scope: 'guild' });
  const browser = new TestBrowser(world, '101');
  await browser.auth(token);
  await browser.event('presence.snapshot');

  await node.report({ type: 'voice.joined', guildId: '101', member: person('301', '201') });
  await browser.event('channel.state', (payload) => (payload.state as { kind: string }).kind === 'waiting');
  expect(await world.command('101', '301', 'call status')).toContain('Place in the queue: 1');
  await node.report({ type: 'voice.joined', guildId: '102', member: person('302', '202') });

  const spec = await specAfter(node, 0);
  expect(spec.legs.map((leg) => [leg.guildId, leg.channelId, leg.identityId, leg.epoch])).toEqual([
    ['101', '201', '501', 1],
    ['102', '202', '501', 1],
  ]);
  const [a, b] = spec.legs.map((leg) => leg.legId) as [string, string];
  expect(spec.routes).toEqual([
    [a, b],
    [b, a],
  ]);
  expect(spec).toMatchObject({ record: { legs: [a] }, optedOut: [] });
  // Nobody is named who could read reports: nothing is kept for them.
  expect(spec.sealable).toBeUndefined();

  const about = { sessionId: spec.id, revision: spec.revision };
  await node.report({ type: 'session.active', guildId: '101', ...about, legId: a, daveVersion: 1 });
  await node.report({ type: 'session.active', guildId: '102', ...about, legId: b, daveVersion: 1 });
  const active = await browser.event('session.state', (payload) => (payload.session as SessionView).state === 'active');
  expect(active).toMatchObject({
    payload: {
      session: {
        legs: [
          { own: true, channelId: '201', daveVersion: 1, guildName: 'Guild 101' },
          { own: false, guildName: 'Guild 102' },
        ],
      },
    },
  });
  expect(JSON.stringify(active)).not.toContain('"202"');
  expect(await world.command('101', '301', 'call status')).toContain('with Guild 102: active');

  await node.report({ type: 'recording.started', guildId: '101', sessionId: spec.id, legId: a });
  await node.report(left('102', '202', '302'));
  const end = await node.inbox.next((message) => message.type === 'session.end');
  expect(end).toMatchObject({ sessionId: spec.id, revision: spec.revision + 1, reason: 'user_left' });

  const before = node.inbox.all.length;
  await node.report({ type: 'session.ended', guildId: '101', ...about, legId: a, reason: 'user_left' });
  await node.report({ type: 'session.ended', guildId: '102', ...about, legId: b, reason: 'user_left' });
  await browser.event('session.state', (payload) => (payload.session as SessionView).state === 'ended');
  // Stored chunks may come after the end.
  const chunk = {
    key: 'recordings/x/chunks/301-1.ogg',
    bytes: 4,
    sha256: 'a'.repeat(64),
    firstSample: 0,
    samples: 960,
  };
  await node.report({
    type: 'recording.chunk.stored',
    guildId: '101',
    sessionId: spec.id,
    userId: '301',
    lostPackets: 0,
    ...chunk,
  });
  await browser.event('session.state', (payload) => (payload.session as SessionView).stored.length === 1);

  // The side that stayed waits again; the server that comes next is called with it. (Its last partner would have to wait for that.)
  await node.report({ type: 'voice.joined', guildId: '103', member: person('303', '203') });
  const again = await specAfter(node, before);
  expect(again.id).not.toBe(spec.id);

  expect(await world.command('101', '301', 'call stop')).toContain('ending');
  const stop = await node.inbox.next((message) => message.type === 'session.end', before);
  expect(stop).toMatchObject({ sessionId: again.id, reason: 'command' });
  for (const leg of again.legs) {
    const { guildId, legId } = leg;
    await node.report({ type: 'session.ended', guildId, sessionId: again.id, revision: 1, legId, reason: 'command' });
  }
  // The side that said stop stays quiet while its people are there; the other one waits again.
  await expect.poll(() => world.command('101', '301', 'call status')).toContain('is idle');
  await expect.poll(() => world.command('103', '303', 'call status')).toContain('Place in the queue');

  const rows = await world.env.DB?.prepare('SELECT state, end_reason FROM sessions ORDER BY id').all();
  await expect
    .poll(async () => (await world.env.DB?.prepare('SELECT end_reason FROM sessions ORDER BY id').all())?.results)
    .toEqual([{ end_reason: 'user_left' }, { end_reason: 'command' }]);
  expect(rows?.results[0]).toEqual({ state: 'ended', end_reason: 'user_left' });
  const stored = await world.env.DB?.prepare('SELECT user_id, bytes FROM chunks').all();
  expect(stored?.results).toEqual([{ user_id: '301', bytes: 4 }]);
});
