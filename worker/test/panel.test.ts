/** The panel's object in workerd, against the simulator's REST: rate limits, permissions and deletions as Discord's. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { SimControl } from '../../sim/src/control/client.ts';
import { type Simulator, startSimulator } from '../../sim/src/simulator.ts';
import type { PanelState } from '../src/panel/state.ts';
import { startWorld, type World } from './world.ts';

let simulator: Simulator;
let sim: SimControl;
let world: World;
let guildId: string;
let botUserId: string;
let textChannelId: string;
let channelId = 100;

beforeAll(async () => {
  simulator = await startSimulator({ clips: new Map() });
  sim = new SimControl(simulator.controlUrl);
  const application = await sim.createApplication({ name: 'Patchbay' });
  ({ botUserId } = application);
  ({ guildId } = await sim.createGuild({ name: 'guild' }));
  await sim.addBot(guildId, botUserId);
  world = await startWorld({ DISCORD_API_URL: simulator.apiUrl, DISCORD_TOKEN: application.token });
});
afterEach(() => void vi.restoreAllMocks());
afterAll(async () => {
  await world.close();
  await simulator.close();
});
beforeEach(async () => {
  await sim.clearRestFaults();
  channelId += 1;
  ({ channelId: textChannelId } = await sim.createTextChannel(guildId, { name: `panel ${channelId}` }));
});

const waiting = (place: number): PanelState => ({
  channelId: String(channelId),
  channelName: 'Lounge',
  locale: 'en',
  phase: { kind: 'waiting', since: 1_000, place },
});
const panel = () => world.env.PANEL.getByName(`${guildId}:${channelId}`);
const show = (version: number, channel = textChannelId) =>
  panel().show({ guildId, textChannelId: channel }, waiting(version), version);
const textOf = (components: unknown) => JSON.stringify(components ?? null);
/** The only message of the channel, once it shows this place. */
const shows = (version: number, channel = textChannelId) =>
  sim.until(async () => {
    const messages = await sim.messages(channel);
    const fits = messages.length === 1 && textOf(messages[0]?.components).includes(`place ${version} `);
    return fits ? messages[0] : undefined;
  });

test('one message, posted once and edited in place; the newest of many states arrives', async () => {
  await show(1);
  const posted = await shows(1);
  expect(posted.flags & (1 << 15)).not.toBe(0);
  for (const version of [2, 3, 4, 5, 6, 7]) await show(version);
  const edited = await shows(7);
  expect(edited.id).toBe(posted.id);
  await show(4); // late, and older
  expect((await panel().record())?.version).toBe(7);
});

test('a deleted message is posted anew; another text channel takes the panel along; forgetting removes it', async () => {
  await show(1);
  const posted = await shows(1);
  simulator.world.messages.delete(posted.id);
  await show(2);
  expect((await shows(2)).id).not.toBe(posted.id);
  const { channelId: other } = await sim.createTextChannel(guildId, { name: 'other' });
  await show(3, other);
  await shows(3, other);
  await sim.until(async () => (await sim.messages(textChannelId)).length === 0);
  await panel().forget();
  await sim.until(async () => (await sim.messages(other)).length === 0);
  expect(await panel().record()).toBeUndefined();
});

test('a post whose answer is lost makes no second message; 5xx and 429 are tried again', async () => {
  const path = `/channels/${textChannelId}/messages`;
  await sim.setRestFault({ method: 'POST', path, times: 1, effect: { kind: 'lost' } });
  await show(1);
  const posted = await shows(1);
  await sim.setRestFault({ method: 'PATCH', path: `${path}/*`, times: 1, effect: { kind: 'status', status: 502 } });
  await show(2);
  expect((await shows(2)).id).toBe(posted.id);
});

test('without permission it says why, and works again as soon as it may', async () => {
  const closed = await sim.createTextChannel(guildId, {
    name: 'closed',
    overwrites: [{ id: botUserId, type: 'member', deny: ['SendMessages'] }],
  });
  await show(1, closed.channelId);
  await expect.poll(() => panel().problem()).toBe('missing_permissions');
  await show(2);
  await shows(2);
  expect(await panel().problem()).toBeUndefined();
});

const sessionId = '01K0000000000000000000000A';
const inCall = (name: string): PanelState => ({
  ...waiting(0),
  phase: {
    kind: 'session',
    sessionId,
    state: 'active',
    startedAt: 1_000,
    partners: [{ name, held: false }],
    recording: false,
    monitors: [],
  },
});
const call = (version: number, name: string) => panel().show({ guildId, textChannelId }, inCall(name), version);
const hears = async (...speaking: string[]) => panel().live({ sessionId, speaking, unnamed: 0, delayMs: 2 });
const says = (...words: string[]) =>
  sim.until(async () => {
    const [message] = await sim.messages(textChannelId);
    return words.every((word) => textOf(message?.components).includes(word)) ? message : undefined;
  });

test('live facts are edited in once; more of them wait, and a state takes the newest along at once', async () => {
  const edits: string[] = [];
  const count = ({ message }: { message: { components: unknown } }) => edits.push(textOf(message.components));
  await call(1, 'Far');
  await says('Far');
  simulator.world.events.on('messageUpdated', count);
  await hears('ada');
  await says('Speaking: ada', '2 ms delay');
  await hears('ada');
  await hears('ben');
  await hears('cleo');
  await call(2, 'Near');
  await says('Near', 'Speaking: cleo');
  await hears('cleo');
  await call(3, 'Here');
  await says('Here', 'Speaking: cleo');
  simulator.world.events.off('messageUpdated', count);
  expect(edits).toHaveLength(3);
});

test('a state does not wait for an edit of live facts that hangs, and is not undone when that one comes late', async () => {
  await call(1, 'Far');
  await says('Far');
  await sim.setRestFault({
    method: 'PATCH',
    path: `/channels/${textChannelId}/messages/*`,
    times: 1,
    effect: { kind: 'hang' },
  });
  const { restFaults } = simulator;
  const take = restFaults.take.bind(restFaults);
  const hung = new Promise<void>((resolve) => {
    vi.spyOn(restFaults, 'take').mockImplementation((method, path) => {
      const effect = take(method, path);
      if (effect?.kind === 'hang') resolve();
      return effect;
    });
  });
  await hears('ada');
  await hung;
  await call(2, 'Near');
  await says('Near');
  const overtaken = sim.waitForEvent(
    (event) => event.type === 'message_updated' && textOf(event.message.components).includes('Far'),
  );
  await sim.clearRestFaults();
  await overtaken;
  await says('Near');
});

test('a message that was deleted meanwhile is posted anew with the live facts', async () => {
  await call(1, 'Far');
  const { id } = (await says('Far')) ?? { id: '' };
  simulator.world.messages.delete(id);
  await hears('ada');
  const found = await says('Far', 'Speaking: ada');
  expect(found?.id).not.toBe(id);
});
