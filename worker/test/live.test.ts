/** What is live in a call, from the voice node's ephemeral lane to panels and pages; in workerd, against the simulator's REST. */
import type { SessionStats } from '@patchbay/shared/control-messages';
import { OPERATOR_NODE_ID } from '@patchbay/shared/sign-in';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SimControl } from '../../sim/src/control/client.ts';
import { type Simulator, startSimulator } from '../../sim/src/simulator.ts';
import { mintToken } from '../src/auth/token.ts';
import { JWT_SECRET, person, snapshot, startWorld, TestBrowser, TestNode, type World } from './world.ts';

let simulator: Simulator;
let sim: SimControl;
let world: World;
let node: TestNode;
let browser: TestBrowser;
/** Text channels of the panels. */
let panels: Record<'101' | '102', string>;
let sessionId: string;
let legIds: [string, string];

beforeAll(async () => {
  simulator = await startSimulator({ clips: new Map() });
  sim = new SimControl(simulator.controlUrl);
  const application = await sim.createApplication({ name: 'Patchbay' });
  const { guildId } = await sim.createGuild({ name: 'guild' });
  await sim.addBot(guildId, application.botUserId);
  const text = async (name: string) => (await sim.createTextChannel(guildId, { name })).channelId;
  panels = { 101: await text('one'), 102: await text('two') };
  world = await startWorld({ DISCORD_TOKEN: application.token });
  // Whether somebody is a member is asked of the test; the panels are the simulator's.
  world.discord.elsewhere = simulator.apiUrl;
  node = new TestNode(world, 'node-1');
  await node.connect([
    { identityId: '501', guildIds: ['101', '102'] },
    { identityId: '502', guildIds: ['101'] },
  ]);
  const channels = [
    { channelId: '201', name: 'Lounge', overwrites: [] },
    { channelId: '203', name: 'Ears', overwrites: [] },
  ];
  for (const identityId of ['501', '502']) {
    const members = [person('301', '201')];
    const picture = snapshot('101', identityId, '201', members);
    if (picture.type !== 'voice.snapshot') throw new Error('not a snapshot');
    await node.report({ ...picture, channels });
  }
  await node.report(snapshot('102', '501', '202', [person('302', '202'), person('303', '202')]));
  for (const [guild, channel] of [
    ['101', '201'],
    ['102', '202'],
  ] as const) {
    await world.env.GUILD.getByName(guild).change(channel, { panel: panels[guild] });
  }
  const { token } = await mintToken(JWT_SECRET, { sub: '301', guilds: ['101'], scope: 'guild' });
  browser = new TestBrowser(world, '101');
  await browser.auth(token);
  await browser.event('presence.snapshot');
  await start();
});
afterAll(async () => {
  await world.close();
  await simulator.close();
});

const operate = async (path: string, body: unknown) => {
  const response = await world.signedPost(path, OPERATOR_NODE_ID, body);
  return (await response.json()) as Record<string, unknown>;
};
const change = (body: object) => operate(`/api/internal/sessions/${sessionId}/changes`, body);

/** A call of both channels that is active. */
async function start(): Promise<void> {
  const legs = [
    { guildId: '101', channelId: '201' },
    { guildId: '102', channelId: '202' },
  ];
  const from = node.inbox.all.length;
  ({ sessionId } = (await operate('/api/internal/sessions', { mode: 'bridge', legs })) as { sessionId: string });
  const message = await node.inbox.next(({ type }) => type === 'session.apply', from);
  if (message.type !== 'session.apply') throw new Error('not an apply');
  legIds = message.spec.legs.map(({ legId }) => legId) as [string, string];
  await active('101', legIds[0]);
  await active('102', legIds[1]);
}

const active = (guildId: string, legId: string) =>
  node.report({ type: 'session.active', guildId, sessionId, revision: 1, legId, daveVersion: 1 });

/** The panel of a guild, once it says all this. */
const says = (guildId: '101' | '102', ...words: string[]) =>
  sim.until(
    async () => {
      const [message] = await sim.messages(panels[guildId]);
      const text = JSON.stringify(message?.components ?? null);
      return words.every((word) => text.includes(word)) ? text : undefined;
    },
    { what: `${guildId}: ${words}` },
  );

const stats = (spoke: [string[], string[]], delays: [number, number], concealed = 0): SessionStats => ({
  v: 1,
  type: 'ephemeral',
  event: 'session.stats',
  sessionId,
  legs: legIds.map((legId, index) => ({ legId, spoke: spoke[index] ?? [], delayMs: delays[index] ?? 0 })),
  late: 0,
  concealed,
});

test('both panels name who speaks on the other side, with the delay; the page gets the own numbers alone', async () => {
  await says('101', 'In a call with **Guild 102**');
  node.send(stats([['301'], ['302', '303']], [1.2, 24], 4));
  const [here] = await Promise.all([
    says('101', 'Speaking: person 302, person 303', '· 1 ms delay', 'end-to-end encrypted'),
    says('102', 'Speaking: person 301', '25 ms delay'),
  ]);
  expect(here).not.toContain('person 301');
  expect(await browser.event('session.stats')).toMatchObject({
    payload: { guildId: '101', sessionId, legs: [{ channelId: '201', delayMs: 1.2 }], late: 0, concealed: 4 },
  });
});

test('stats of a session that another node runs are nobody’s business', async () => {
  const other = new TestNode(world, 'node-2');
  await other.connect([{ identityId: '509', guildIds: ['109'] }]);
  const count = () =>
    browser.inbox.all.filter((message) => message.type === 'event' && message.event === 'session.stats').length;
  const before = count();
  other.send(stats([[], []], [99, 99]));
  // An answer on the same socket: what came before it has been looked at.
  const from = other.inbox.all.length;
  other.socket?.send('{}');
  await other.inbox.next(({ type }) => type === 'error', from);
  node.send(stats([[], []], [2, 2]));
  await browser.event('session.stats', ({ legs }) => JSON.stringify(legs).includes('"delayMs":2}'));
  expect(count()).toBe(before + 1);
  expect(JSON.stringify(browser.inbox.all)).not.toContain('"delayMs":99');
});

test('a server that became anonymous: its people are counted, in a call that runs too', async () => {
  await world.env.GUILD.getByName('102').change('202', { anonymous: true });
  node.send(stats([[], ['302', '303']], [2, 2]));
  expect(await says('101', '2 people are speaking there')).not.toContain('person 30');
  await world.env.GUILD.getByName('102').change('202', { anonymous: null });
});

test('a hold and a monitor are shown on the panels of all sides', async () => {
  expect(await change({ change: 'hold', legId: legIds[1], on: true })).toMatchObject({ ok: true });
  await says('101', '**Guild 102** (on hold)');
  await says('102', 'This side is on hold');
  await change({ change: 'hold', legId: legIds[1], on: false });
  await world.env.GUILD.getByName('102').allowMonitors(true);
  await change({ change: 'stop' });
  for (const [guildId, legId] of [
    ['101', legIds[0]],
    ['102', legIds[1]],
  ] as const) {
    const about = { guildId, sessionId, revision: 9, legId };
    await node.report({ type: 'session.ended', ...about, reason: 'command' });
  }
  await says('101', 'Somebody ended it');
  await start();
  const leg = { guildId: '101', channelId: '203', role: 'monitor' };
  expect(await change({ change: 'attach', leg })).toMatchObject({ ok: true });
  await says('101', 'In a call with **Guild 102**', 'Listening in: Ears');
  await says('102', 'In a call with **Guild 101**', 'Listening in: Guild 101');
});

test('a volume of an operator reaches the node with the next revision; nonsense is refused', async () => {
  const from = node.inbox.all.length;
  expect(await change({ change: 'volume', legId: legIds[0], userId: '301', volume: 0.5 })).toEqual({ ok: true });
  const message = await node.inbox.next(({ type }) => type === 'session.apply', from);
  expect(message).toMatchObject({ spec: { volumes: [{ legId: legIds[0], userId: '301', volume: 0.5 }] } });
  expect(await change({ change: 'volume', volume: 0.5 })).toMatchObject({ error: { code: 'request_malformed' } });
  expect(await change({ change: 'volume', userId: '301', volume: 3 })).toMatchObject({
    error: { code: 'request_malformed' },
  });
});
