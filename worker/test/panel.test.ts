/** The panel's object in workerd, against the simulator's REST: rate limits, permissions and deletions as Discord's. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
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
const textOf = (components: unknown) => JSON.stringify(components);
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
