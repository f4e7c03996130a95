/** The text relay's two ends on the simulated Discord: what an identity hears, and what it writes. */
import { once } from 'node:events';
import type { GatewayDispatchPayload } from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimControl } from '../../../sim/src/control/client.ts';
import { type Simulator, startSimulator } from '../../../sim/src/simulator.ts';
import { Identity } from '../gateway/identity.ts';
import { createLogger } from '../ops/logger.ts';
import { relayEventOf } from './incoming.ts';
import { DiscordOutlet } from './outlet.ts';

let simulator: Simulator;
let sim: SimControl;
let channelId: string;
let userId: string;
const identities: Identity[] = [];

beforeEach(async () => {
  simulator = await startSimulator({ clips: new Map() });
  sim = new SimControl(simulator.controlUrl);
});
afterEach(async () => {
  await Promise.all(identities.splice(0).map((identity) => identity.close()));
  await simulator.close();
});

async function make(options: { privilegedIntents?: boolean; messageContent?: boolean } = {}): Promise<Identity> {
  const { privilegedIntents = true, messageContent = true } = options;
  const { token, botUserId } = await sim.createApplication({ name: 'Bot', privilegedIntents });
  const { guildId } = await sim.createGuild({ name: 'Guild' });
  ({ channelId } = await sim.createVoiceChannel(guildId, { name: 'voice' }));
  ({ userId } = await sim.createMember(guildId, { name: 'Ada' }));
  await sim.addBot(guildId, botUserId);
  const logger = createLogger('silent');
  const identity = await Identity.create({ token, apiUrl: simulator.apiUrl, messageContent, logger });
  identities.push(identity);
  return identity;
}
const signal = () => AbortSignal.timeout(20_000);
const contents = async () => (await sim.messages(channelId)).map(({ content }) => content);

test('with the intent an identity reads what people write in the chat of a voice channel', async () => {
  const identity = await make();
  await identity.connect();
  const heard = once(identity, 'message') as Promise<[GatewayDispatchPayload]>;
  const { id } = await sim.say(userId, channelId, '', ['cat.png']);
  expect(relayEventOf((await heard)[0])).toMatchObject({
    kind: 'written',
    message: { messageId: id, channelId, authorId: userId, name: 'Ada', files: 1, editedAt: null },
  });
  const changed = once(identity, 'message') as Promise<[GatewayDispatchPayload]>;
  await sim.editMessage(userId, id, 'a cat');
  const edited = relayEventOf((await changed)[0]);
  expect(edited).toMatchObject({ kind: 'edited', message: { content: 'a cat' } });
  const gone = once(identity, 'message') as Promise<[GatewayDispatchPayload]>;
  await sim.deleteMessage(userId, id);
  expect(relayEventOf((await gone)[0])).toEqual({ kind: 'deleted', messageIds: [id] });
});

test('without the setting it is told of no message', async () => {
  const identity = await make({ privilegedIntents: false, messageContent: false });
  await identity.connect();
  let heard = 0;
  identity.on('message', () => {
    heard += 1;
  });
  await sim.say(userId, channelId, 'hello');
  const moved = once(identity, 'delta');
  await sim.join(userId, channelId);
  await moved;
  expect(heard).toBe(0);
});

test('a bot that was not given the intent is told at once what to do', async () => {
  const identity = await make({ privilegedIntents: false });
  await expect(identity.connect()).rejects.toMatchObject({
    code: 'intent_refused',
    message: expect.stringContaining('MESSAGE_CONTENT=no'),
  });
});

test.each([{ kind: 'lost' }, { kind: 'reset' }, { kind: 'status', status: 502 }, { kind: 'hang' }] as const)(
  'a post whose answer is $kind is asked for again, and stands there once',
  async (effect) => {
    const identity = await make();
    const outlet = new DiscordOutlet(() => identity.rest, 1_000);
    const to = { channelId, identityId: identity.identityId };
    await sim.setRestFault({ method: 'POST', path: '/channels/*/messages', times: 1, effect });
    const id = await outlet.post(to, 'hello <@&1> https://x.y', 'r1', signal());
    expect(await contents()).toEqual(['hello <@&1> https://x.y']);
    expect((await sim.messages(channelId))[0]).toMatchObject({ id, flags: 4 });
  },
);

test('edits and deletions of what is gone are done; other refusals and an end of the call are not tried again', async () => {
  const identity = await make();
  const outlet = new DiscordOutlet((identityId) => (identityId === identity.identityId ? identity.rest : undefined));
  const to = { channelId, identityId: identity.identityId };
  const id = await outlet.post(to, 'one', 'r1', signal());
  await outlet.edit(to, id, 'two', signal());
  expect(await contents()).toEqual(['two']);
  await outlet.remove(to, id, signal());
  await outlet.edit(to, id, 'three', signal());
  await outlet.remove(to, id, signal());
  expect(await contents()).toEqual([]);
  const elsewhere = { ...to, channelId: '1' };
  await expect(outlet.post(elsewhere, 'x', 'r2', signal())).rejects.toMatchObject({ status: 404 });
  await expect(outlet.post({ ...to, identityId: '1' }, 'x', 'r3', signal())).rejects.toMatchObject({
    code: 'no_identity',
  });
  await expect(outlet.post(to, 'x', 'r4', AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
  expect(await contents()).toEqual([]);
});
