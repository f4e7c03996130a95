import { GatewayDispatchEvents as Event, GatewayIntentBits as Intent } from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Simulator, startSimulator } from '../simulator.ts';
import { BotClient } from '../testing/bot-client.ts';
import { SilentVoice } from '../testing/silent-voice.ts';
import type { Application, Channel, Guild } from '../world/model.ts';

const voiceIntents = Intent.Guilds | Intent.GuildVoiceStates;
let voice: SilentVoice;
let simulator: Simulator;
let application: Application;
let guild: Guild;
let channel: Channel;
let clients: BotClient[];

beforeEach(async () => {
  voice = new SilentVoice();
  simulator = await startSimulator({ voiceServer: voice, clips: new Map() });
  const { world } = simulator;
  application = world.createApplication({ name: 'bot' });
  guild = world.createGuild('guild');
  channel = world.createChannel(guild.id, 'voice', { name: 'talk' });
  world.addBot(guild.id, application.botUserId);
  clients = [];
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.stop()));
  await simulator.close();
});

async function connect(intents: number = voiceIntents, token = application.token): Promise<BotClient> {
  const client = new BotClient(simulator.apiUrl, token, intents);
  clients.push(client);
  return client.start();
}

/** A bare websocket: sends payloads and reports the close code. */
async function closeCodeAfter(...payloads: unknown[]): Promise<number> {
  const socket = new WebSocket(simulator.apiUrl.replace('http', 'ws').replace('/api', '/?v=10&encoding=json'));
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  socket.once('message', () => {
    for (const payload of payloads) socket.send(typeof payload === 'string' ? payload : JSON.stringify(payload));
  });
  return closed;
}
const identify = (token: string, intents: number) => ({ op: 2, d: { token, intents, properties: {} } });

test('identify: READY without secrets, then the guild with its channels, roles, own member and those in voice', async () => {
  const { world } = simulator;
  const human = world.createUser('ada');
  world.addMember(guild.id, human.id);
  world.addMember(guild.id, world.createUser('silent').id);
  world.voice.enter(channel.id, human.id, {}, 'self');
  const client = await connect();
  const ready = await client.next(Event.Ready);
  expect(JSON.stringify(ready)).not.toContain(application.token);
  expect(ready).toMatchObject({
    user: { id: application.botUserId, bot: true },
    application: { id: application.id },
    guilds: [{ id: guild.id, unavailable: true }],
    private_channels: [],
  });
  const created = await client.next(Event.GuildCreate);
  expect(created).toMatchObject({
    id: guild.id,
    channels: [{ id: channel.id, type: 2 }],
    voice_states: [{ user_id: human.id, channel_id: channel.id }],
  });
  const members = created.members as { user: { id: string } }[];
  expect(members.map(({ user }) => user.id).sort()).toEqual([application.botUserId, human.id].sort());
  expect(
    (created.roles as { id: string; permissions: string }[]).find(({ id }) => id === guild.id)?.permissions,
  ).toMatch(/^\d+$/);
});

test('op 4: the voice state comes before the voice server, with the READY session id; a mute toggle brings no new server', async () => {
  const client = await connect();
  await client.joinVoice(guild.id, channel.id);
  const server = await client.next(Event.VoiceServerUpdate);
  const order = client.events.map(({ t }) => t).filter((t) => t.startsWith('VOICE'));
  expect(order).toEqual([Event.VoiceStateUpdate, Event.VoiceServerUpdate]);
  const [state] = client.all(Event.VoiceStateUpdate);
  const { session_id } = await client.next(Event.Ready);
  expect(state).toMatchObject({ session_id, channel_id: channel.id, member: { user: { id: application.botUserId } } });
  expect(voice.grants).toEqual([
    {
      guildId: guild.id,
      channelId: channel.id,
      userId: application.botUserId,
      sessionId: session_id,
      token: server.token,
    },
  ]);
  expect(server.endpoint).toBe('localhost:1');

  voice.connected.add(`${guild.id} ${application.botUserId} ${channel.id}`);
  await client.send({ op: 4, d: { guild_id: guild.id, channel_id: channel.id, self_mute: true, self_deaf: false } });
  await client.when(() => client.all(Event.VoiceStateUpdate).length === 2);
  await client.joinVoice(guild.id, null);
  await client.when(() => client.all(Event.VoiceStateUpdate).length === 3);
  expect(client.all(Event.VoiceServerUpdate)).toHaveLength(1);
  expect(voice.dismissed).toEqual([`${guild.id} ${application.botUserId} 4014`]);
});

test('a bot that is moved gets its new voice server; one that is disconnected or whose channel goes is dismissed', async () => {
  const { world } = simulator;
  const client = await connect();
  const other = world.createChannel(guild.id, 'voice', { name: 'other' });
  await client.joinVoice(guild.id, channel.id);
  await client.next(Event.VoiceServerUpdate);
  world.voice.enter(other.id, application.botUserId, {}, 'other');
  await client.when(() => client.all(Event.VoiceServerUpdate).length === 2);
  expect(voice.grants.map(({ channelId }) => channelId)).toEqual([channel.id, other.id]);
  world.deleteChannel(other.id);
  expect(await client.next(Event.ChannelDelete)).toMatchObject({ id: other.id });
  expect(client.all(Event.VoiceStateUpdate).at(-1)).toMatchObject({ channel_id: null });
  expect(voice.dismissed).toHaveLength(1);
});

test('op 4 without the Connect permission gets no answer and no grant', async () => {
  const { world } = simulator;
  const overwrites = [{ id: guild.id, type: 'role' as const, allow: 0n, deny: 1n << 20n }];
  const shut = world.createChannel(guild.id, 'voice', { name: 'shut', overwrites });
  const closedRoles = guild.roles.get(world.member(guild.id, application.botUserId).roleIds[0] ?? '');
  expect(closedRoles).toBeDefined();
  const client = await connect();
  await client.joinVoice(guild.id, shut.id);
  await client.joinVoice(guild.id, channel.id);
  await client.next(Event.VoiceServerUpdate);
  expect(voice.grants.map(({ channelId }) => channelId)).toEqual([channel.id]);
});

test('people who join, move and leave are announced with their member', async () => {
  const { world } = simulator;
  const human = world.createUser('ada');
  world.addMember(guild.id, human.id);
  const client = await connect();
  world.voice.enter(channel.id, human.id, {}, 'self');
  world.voice.leave(guild.id, human.id, 'self');
  await client.when(() => client.all(Event.VoiceStateUpdate).length === 2);
  const [joined, left] = client.all(Event.VoiceStateUpdate);
  expect(joined).toMatchObject({ channel_id: channel.id, guild_id: guild.id, member: { user: { username: 'ada' } } });
  expect(left).toMatchObject({ channel_id: null, user_id: human.id });
  expect(voice.members.map(({ userId, left }) => [userId, left])).toEqual([[human.id, true]]);
});

test('events are filtered by intents, and content is hidden without the content intent', async () => {
  const { world } = simulator;
  const text = world.createChannel(guild.id, 'text', { name: 'chat' });
  const human = world.createUser('ada');
  world.addMember(guild.id, human.id);
  const deaf = await connect(Intent.Guilds);
  const reading = await connect(Intent.Guilds | Intent.GuildMessages);
  world.messages.create(text.id, human.id, { content: 'secret' });
  world.voice.enter(channel.id, human.id, {}, 'self');
  world.updateMember(guild.id, application.botUserId, { nick: 'recording' });
  world.createChannel(guild.id, 'text', { name: 'last' });
  await Promise.all([deaf.next(Event.ChannelCreate), reading.next(Event.ChannelCreate)]);
  const after = (client: BotClient) => client.events.slice(2).map(({ t }) => t);
  expect(after(deaf)).toEqual([Event.GuildMemberUpdate, Event.ChannelCreate]);
  expect(after(reading)).toEqual([Event.MessageCreate, Event.GuildMemberUpdate, Event.ChannelCreate]);
  expect(reading.all(Event.MessageCreate)[0]).toMatchObject({ content: '', author: { id: human.id } });
});

test('a cut connection is resumed with everything that was missed, in order', async () => {
  const { world } = simulator;
  const client = await connect();
  await client.joinVoice(guild.id, channel.id);
  await client.next(Event.VoiceServerUpdate);
  const from = client.events.length;
  cut(client);
  world.createChannel(guild.id, 'text', { name: 'one' });
  world.createChannel(guild.id, 'text', { name: 'two' });
  await client.next(Event.Resumed, from);
  expect(client.events.slice(from).map(({ t, d }) => d.name ?? t)).toEqual(['one', 'two', Event.Resumed]);
  expect(world.voice.get(guild.id, application.botUserId)?.channelId).toBe(channel.id);
});

function cut(client: BotClient): void {
  const gateway = simulator.gateway;
  expect(client.all(Event.Ready)).toHaveLength(1);
  gateway.cut(application.botUserId);
}

test('op 7 makes the client resume; op 9 makes it identify anew and takes it out of voice', async () => {
  const client = await connect();
  await client.joinVoice(guild.id, channel.id);
  await client.next(Event.VoiceServerUpdate);
  simulator.gateway.requestReconnect(application.botUserId);
  await client.next(Event.Resumed);
  const from = client.events.length;
  simulator.gateway.invalidate(application.botUserId);
  const ready = await client.next(Event.Ready, from);
  expect(ready.session_id).not.toBe(client.all(Event.Ready)[0]?.session_id);
  expect(simulator.world.voice.get(guild.id, application.botUserId)).toBeUndefined();
});

test('a goodbye (1000) ends the session and its voice states', async () => {
  const client = await connect();
  await client.joinVoice(guild.id, channel.id);
  await client.next(Event.VoiceServerUpdate);
  const left = new Promise((resolve) => simulator.world.events.once('voiceState', resolve));
  await client.stop();
  expect(await left).toMatchObject({ state: { channelId: null, userId: application.botUserId } });
});

test('close codes: not identified, wrong token, twice, bad JSON, unknown op, intents, rate', async () => {
  const good = identify(application.token, Intent.Guilds);
  const shy = simulator.world.createApplication({ name: 'shy', privilegedIntents: false });
  expect(await closeCodeAfter({ op: 4, d: {} })).toBe(4003);
  expect(await closeCodeAfter(identify('wrong', 0))).toBe(4004);
  expect(await closeCodeAfter(good, good)).toBe(4005);
  expect(await closeCodeAfter('{')).toBe(4002);
  expect(await closeCodeAfter(good, { op: 99, d: null })).toBe(4001);
  expect(await closeCodeAfter(identify(application.token, 1 << 30))).toBe(4013);
  expect(await closeCodeAfter(identify(`Bot ${shy.token}`, Intent.GuildMembers))).toBe(4014);
  expect(await closeCodeAfter(...Array.from({ length: 121 }, () => ({ op: 1, d: null })))).toBe(4008);
});

test('several bots in one guild see each other', async () => {
  const { world } = simulator;
  const second = world.createApplication({ name: 'second' });
  world.addBot(guild.id, second.botUserId);
  const [a, b] = [await connect(), await connect(voiceIntents, second.token)];
  await a.joinVoice(guild.id, channel.id);
  expect(await b.next(Event.VoiceStateUpdate)).toMatchObject({ user_id: application.botUserId });
  await a.next(Event.VoiceServerUpdate);
  expect(b.all(Event.VoiceServerUpdate)).toEqual([]);
});
