/** Leaves as browsers hear of them: once, at once, with a cause that is refined later; whoever reports, and whatever restarts. */
import type { NodeEventDraft } from '@patchbay/shared/events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintToken } from '../src/auth/token.ts';
import { JWT_SECRET, left, person, snapshot, startWorld, TestBrowser, TestNode, type World } from './world.ts';

let world: World;
const nodes: TestNode[] = [];
beforeAll(async () => {
  world = await startWorld();
  // Each with an identity of its own, both in every guild.
  const guildIds = ['101', '102', '103', '104'];
  for (const [name, identityId] of [
    ['node-1', '501'],
    ['node-2', '502'],
  ] as const) {
    const node = new TestNode(world, name);
    await node.connect([{ identityId, guildIds }]);
    nodes.push(node);
  }
});
afterAll(() => world.close());

async function open(guildId: string, since?: { epoch: string; seq: number }): Promise<TestBrowser> {
  const browser = new TestBrowser(world, guildId);
  await browser.auth((await mintToken(JWT_SECRET, { sub: '9', guilds: [guildId], scope: 'guild' })).token, since);
  await browser.inbox.next((message) => message.type === 'ack');
  return browser;
}
const voiceOf = (browser: TestBrowser) =>
  browser.inbox.all.flatMap((message) => {
    return message.type === 'event' && message.event.startsWith('voice.') ? [message.event] : [];
  });
/** The last one of a series: all that came before it has been heard when this is. */
async function settle(node: TestNode, guildId: string, browser: TestBrowser): Promise<void> {
  await node.report({ type: 'voice.joined', guildId, member: person('999', `2${guildId}`) });
  await browser.event('voice.joined', (payload) => (payload.member as { userId: string }).userId === '999');
}
const causeOf = (
  draft: { guildId: string; userId: string; since: number },
  kind: 'moderator' | 'left',
  certainty: number,
) =>
  ({
    type: 'voice.cause',
    previousChannelId: `2${draft.guildId}`,
    channelId: null,
    ...draft,
    cause: { kind, certainty },
  }) satisfies NodeEventDraft;

test('two nodes report every leave and cause, with clocks a second apart and out of step: browsers hear each once', async () => {
  const [one, two] = nodes as [TestNode, TestNode];
  const guildId = '101';
  const channelId = '2101';
  await one.report(snapshot(guildId, '501', channelId));
  await two.report(snapshot(guildId, '502', channelId));
  const browser = await open(guildId);
  await browser.event('presence.snapshot');
  const now = Date.now();
  const joined = (at: number) => ({ type: 'voice.joined' as const, guildId, at, member: person('31', channelId) });
  const gone = (at: number) => ({ ...left(guildId, channelId, '31'), at });
  const skew = 1_000;
  await one.report(joined(now), gone(now + 100), joined(now + 200));
  // Late, and by its clock the leave is after the second join.
  await two.report(joined(now + skew), gone(now + 100 + skew), joined(now + 200 + skew));
  await two.report(gone(now + 300 + skew));
  await two.report(causeOf({ guildId, userId: '31', since: now + 300 + skew }, 'moderator', 0.95));
  await one.report(gone(now + 300), causeOf({ guildId, userId: '31', since: now + 300 }, 'moderator', 0.95));
  await one.report(causeOf({ guildId, userId: '31', since: now + 300 }, 'left', 0.5));
  await settle(one, guildId, browser);
  expect(voiceOf(browser)).toEqual([
    ...['voice.joined', 'voice.left', 'voice.joined', 'voice.left', 'voice.cause'],
    'voice.joined',
  ]);
  const last = browser.inbox.all.findLast((message) => message.type === 'event' && message.event === 'voice.left');
  const told = await browser.event('voice.cause');
  expect(told).toMatchObject({ payload: { userId: '31', cause: { kind: 'moderator', certainty: 0.95 } } });
  expect(told).toHaveProperty('payload.of', (last as unknown as { id: string }).id);
  const { members } = (await world.env.GUILD.getByName(guildId).snapshot()).snapshot;
  expect(members.map(({ userId }) => userId)).toEqual(['999']);
});

test('a cause is told when it says more than the last one, and only of the last leave', async () => {
  const [node] = nodes as [TestNode];
  const guildId = '102';
  await node.report(snapshot(guildId, '501', '2102', [person('31', '2102')]));
  const browser = await open(guildId);
  const since = Date.now();
  await node.report({ ...left(guildId, '2102', '31'), at: since });
  await node.report(causeOf({ guildId, userId: '31', since: since - 60_000 }, 'moderator', 1));
  await node.report(causeOf({ guildId, userId: '31', since }, 'left', 0.5));
  await node.report(causeOf({ guildId, userId: '31', since }, 'moderator', 0.4));
  await node.report(causeOf({ guildId, userId: '31', since }, 'moderator', 1));
  await settle(node, guildId, browser);
  const causes = browser.inbox.all.filter((message) => message.type === 'event' && message.event === 'voice.cause');
  expect(causes).toMatchObject([
    { payload: { cause: { kind: 'left', certainty: 0.5 } } },
    { payload: { cause: { kind: 'moderator', certainty: 1 } } },
  ]);
  await expect.poll(() => world.metrics()).toContain('patchbay_voice_cause_total{cause="moderator"}');
  const metrics = await world.metrics();
  expect(metrics).toContain('patchbay_voice_left_total{cause="unknown"}');
  expect(metrics).toMatch(/patchbay_event_delay_seconds_bucket\{le="\+Inf"\} \d+/);
  expect(metrics).toMatch(/patchbay_hub_connections \d/);
});

test('mutes and deafening, by oneself and by a moderator, and a leave while the gateway was away', async () => {
  const [node] = nodes as [TestNode];
  const guildId = '103';
  const member = person('31', '2103');
  await node.report(snapshot(guildId, '501', '2103', [member, person('32', '2103')]));
  const browser = await open(guildId);
  await node.report({ type: 'voice.flags', guildId, member: { ...member, selfDeaf: true, serverMute: true } });
  expect(await browser.event('voice.flags')).toMatchObject({
    payload: { member: { selfMute: false, selfDeaf: true, serverMute: true } },
  });
  await node.report(snapshot(guildId, '501', '2103', [{ ...member, selfDeaf: true }]));
  expect(await browser.event('voice.left')).toMatchObject({
    payload: { userId: '32', cause: { kind: 'unknown', certainty: 0 } },
  });
  await browser.event('voice.flags', (payload) => !('serverMute' in (payload.member as object)));
});

test('hub and guild sleep, or their objects are thrown away: every leave is known in the end, none twice', async () => {
  const [node] = nodes as [TestNode];
  const guildId = '104';
  const people = ['31', '32', '33', '34', '35'].map((userId) => person(userId, '2104'));
  await node.report(snapshot(guildId, '501', '2104', people));
  const sleeper = await open(guildId);
  const ack = sleeper.inbox.all.find((message) => message.type === 'ack');
  if (ack?.type !== 'ack' || !('epoch' in ack)) throw new Error('no auth.ok');
  const evict = (webSockets: 'hibernate' | 'close', binding = 'HUB', name = `${guildId}:0`) =>
    world.harness.getWorker().evictDurableObject(binding, { name, webSockets });
  const leaves = async (userId: string) => {
    await node.report(left(guildId, '2104', userId));
  };
  await leaves('31');
  await evict('hibernate');
  await leaves('32');
  await sleeper.event('voice.left', (payload) => payload.userId === '32');
  // The guild forgets what is in its memory, too.
  await evict('hibernate', 'GUILD', guildId);
  await leaves('33');
  await sleeper.event('voice.left', (payload) => payload.userId === '33');
  await evict('close');
  await sleeper.closed;
  await leaves('34');
  const back = await open(guildId, { epoch: ack.epoch, seq: ack.seq });
  await back.event('presence.snapshot');
  await leaves('35');
  await back.event('voice.left', (payload) => payload.userId === '35');
  const ids = sleeper.inbox.all.flatMap((message) =>
    message.type === 'event' && message.event === 'voice.left' ? [message.payload.userId] : [],
  );
  expect(ids).toEqual(['31', '32', '33']);
  const snapshots = back.inbox.all.flatMap((message) =>
    message.type === 'event' && message.event === 'presence.snapshot' ? [message.payload.members] : [],
  );
  expect(snapshots.map((members) => members.map(({ userId }) => userId))).toEqual([['35']]);
});
