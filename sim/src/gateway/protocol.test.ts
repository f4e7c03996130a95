import { CompressionMethod } from '@discordjs/ws';
import {
  GatewayDispatchEvents as Event,
  GatewayIntentBits as Intent,
  PresenceUpdateStatus,
  Routes,
} from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimControl } from '../control/client.ts';
import { type Simulator, startSimulator } from '../simulator.ts';
import { BotClient } from '../testing/bot-client.ts';
import { RawGateway } from '../testing/raw-gateway.ts';
import { SilentVoice } from '../testing/silent-voice.ts';

let voice: SilentVoice;
let simulator: Simulator;
let control: SimControl;
let application: Awaited<ReturnType<SimControl['createApplication']>>;
let guildId: string;
let channelId: string;
let userId: string;
let clients: BotClient[];
const voiceIntents = Intent.Guilds | Intent.GuildVoiceStates;

beforeEach(async () => {
  voice = new SilentVoice();
  simulator = await startSimulator({ voiceServer: voice, clips: new Map() });
  control = new SimControl(simulator.controlUrl);
  application = await control.createApplication({ name: 'bot' });
  ({ guildId } = await control.createGuild({ name: 'guild' }));
  await control.addBot(guildId, application.botUserId);
  channelId = (await control.createVoiceChannel(guildId, { name: 'talk', userLimit: 1 })).channelId;
  userId = (await control.createMember(guildId, { name: 'ada' })).userId;
  clients = [];
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.stop()));
  await simulator.close();
});

const raw = (query?: string) => new RawGateway(simulator.apiUrl, query);
async function connect(intents: number, compression?: CompressionMethod): Promise<BotClient> {
  const client = new BotClient(simulator.apiUrl, application.token, intents, compression);
  clients.push(client);
  return client.start();
}

test('only version 10, JSON, and zlib-stream or no compression are served', async () => {
  for (const query of ['v=9&encoding=json', 'encoding=json', 'v=10&encoding=etf', 'v=10&compress=zstd-stream']) {
    const { code, reason } = await raw(query).closed;
    expect([code, reason], query).toEqual([4012, expect.stringMatching(/ask for/)]);
  }
  const streamed = await connect(Intent.Guilds, CompressionMethod.ZlibNative);
  expect(await streamed.next(Event.GuildCreate)).toMatchObject({ id: guildId });
  for (let index = 0; index < 20; index++) await control.createTextChannel(guildId, { name: `c${index}` });
  await streamed.when(() => streamed.all(Event.ChannelCreate).length === 20);
  const deflated = raw();
  await deflated.identify(application.token, Intent.Guilds, { compress: true });
  expect(await deflated.event(Event.GuildCreate)).toMatchObject({ d: { id: guildId } });
  const shut = raw('v=10&encoding=json&compress=zlib-stream');
  await shut.send({ op: 2, d: { token: 'wrong', intents: 0 } });
  expect(await shut.closed).toMatchObject({ code: 4004 });
});

test('close codes of sharding and size; a heartbeat asked for is acknowledged; op 31 names no sounds', async () => {
  const { token, applicationId } = application;
  const identify = (shard: number[]) => ({ op: 2, d: { token, intents: 1, shard } });
  expect(await (await raw().send(identify([1, 1]))).closed).toMatchObject({ code: 4010 });
  await control.setGatewayLimits(applicationId, { guildsPerShard: 1 });
  const second = await control.createGuild({ name: 'second' });
  await control.addBot(second.guildId, application.botUserId);
  expect(await (await raw().send(identify([0, 1]))).closed).toMatchObject({ code: 4011 });
  await control.setGatewayLimits(applicationId, { guildsPerShard: 10 });
  const long = { op: 1, d: null, filler: 'x'.repeat(4096) };
  expect(await (await raw().send(long)).closed).toMatchObject({ code: 4002 });
  const client = raw();
  await client.identify(token, 1);
  await control.requestHeartbeat(application.botUserId);
  await client.first(({ op }) => op === 1);
  await client.send({ op: 1, d: 1 }, { op: 31, d: { guild_ids: [guildId, '1'] } });
  await client.first(({ op }) => op === 11);
  expect((await client.event(Event.SoundboardSounds)).d).toEqual({ guild_id: guildId, soundboard_sounds: [] });
  for (const code of [4000, 4001, 4002, 4003, 4005, 4007, 4008, 4009, 4012, 4013, 4014]) {
    const victim = raw();
    await victim.identify(token, 1);
    await control.closeGateway(application.botUserId, code);
    expect(await victim.closed).toMatchObject({ code });
  }
});

test('shards: each guild belongs to one, private messages to shard 0', async () => {
  const guilds = [guildId];
  for (let index = 0; index < 3; index++) {
    guilds.push((await control.createGuild({ name: `g${index}` })).guildId);
    await control.addBot(guilds.at(-1) ?? '', application.botUserId);
  }
  const shards = [raw(), raw()] as const;
  const intents = Intent.Guilds | Intent.DirectMessages;
  const ready = [
    await shards[0].identify(application.token, intents, { shard: [0, 2] }),
    await shards[1].identify(application.token, intents, { shard: [1, 2] }),
  ];
  const served = ready.map(({ guilds }) => (guilds as { id: string }[]).map(({ id }) => id));
  const shardOf = (id: string) => Number((BigInt(id) >> 22n) % 2n);
  expect(served).toEqual([0, 1].map((shard) => guilds.filter((id) => shardOf(id) === shard)));
  const direct = await control.openDirectMessage(application.botUserId, userId);
  await control.say(userId, direct.channelId, 'psst');
  expect((await shards[0].event(Event.MessageCreate)).d).toMatchObject({ content: 'psst' });
  expect(shards[1].names()).not.toContain(Event.MessageCreate);
});

test('session starts are counted, spaced by bucket when asked to, and end with the token', async () => {
  const { applicationId, token } = application;
  await control.setGatewayLimits(applicationId, { identifyWindowMs: 60_000, maxConcurrency: 2, shards: 2 });
  const rest = new BotClient(simulator.apiUrl, token, 0).rest;
  const first = raw();
  await first.identify(token, 1, { shard: [0, 2] });
  const same = raw();
  await same.send({ op: 2, d: { token, intents: 1, shard: [0, 2] } });
  expect(await same.first(({ op }) => op === 9)).toMatchObject({ d: false });
  await raw().identify(token, 1, { shard: [1, 2] });
  expect(await rest.get(Routes.gatewayBot())).toMatchObject({
    shards: 2,
    session_start_limit: { total: 1000, remaining: 997, max_concurrency: 2 },
  });
  await control.setGatewayLimits(applicationId, { sessionStarts: 3 });
  expect(await (await raw().send({ op: 2, d: { token, intents: 1, shard: [0, 2] } })).closed).toMatchObject({
    code: 4004,
  });
  expect(await first.closed).toMatchObject({ code: 4004 });
});

test('presences reach those with the intent, in GUILD_CREATE and after; a renamed user is told', async () => {
  const other = await control.createApplication({ name: 'other' });
  await control.addBot(guildId, other.botUserId);
  await control.setPresence(userId, { status: 'dnd' });
  const client = await connect(Intent.Guilds | Intent.GuildPresences | Intent.GuildMembers);
  const created = await client.next(Event.GuildCreate);
  expect(created.presences).toMatchObject([{ user: { id: userId }, status: 'dnd', client_status: { desktop: 'dnd' } }]);
  expect(created.members).toHaveLength(4);
  const watcher = new RawGateway(simulator.apiUrl);
  await watcher.identify(other.token, Intent.Guilds | Intent.GuildPresences, { presence: { status: 'idle' } });
  expect(await client.next(Event.PresenceUpdate)).toMatchObject({ user: { id: other.botUserId }, status: 'idle' });
  await client.send({
    op: 3,
    d: { since: null, activities: [{ name: 'x', type: 2 }], status: PresenceUpdateStatus.Online, afk: false },
  });
  const mine = await watcher.first(
    ({ t, d }) => t === Event.PresenceUpdate && Array.isArray(d?.activities) && d.activities.length > 0,
  );
  expect(mine.d).toMatchObject({ user: { id: application.botUserId }, activities: [{ name: 'x' }] });
  await control.renameUser(application.botUserId, 'renamed');
  expect(await client.next(Event.UserUpdate)).toMatchObject({ username: 'renamed' });
  expect(await client.next(Event.GuildMemberUpdate)).toMatchObject({ user: { username: 'renamed' } });
  watcher.close(1000);
  await client.when(() => client.all(Event.PresenceUpdate).at(-1)?.status === 'offline');
});

test('op 8 gives chunks of 1,000, names and ids, and nothing that the intents exclude', async () => {
  for (let index = 0; index < 1_000; index++) {
    const user = simulator.world.createUser(`user${index}`);
    simulator.world.addMember(guildId, user.id);
  }
  const client = raw();
  await client.identify(application.token, Intent.Guilds | Intent.GuildMembers);
  const blind = raw();
  await blind.identify(application.token, Intent.Guilds);
  const all = { op: 8, d: { guild_id: guildId, query: '', limit: 0 } };
  await client.send(all, { op: 8, d: { guild_id: guildId, user_ids: [userId, '1'], nonce: 'n' } });
  const chunks = () => client.received.filter(({ t }) => t === Event.GuildMembersChunk).map(({ d }) => d);
  await client.when(() => chunks().length === 3);
  expect(chunks().map((d) => [d?.chunk_index, d?.chunk_count, (d?.members as unknown[] | undefined)?.length])).toEqual([
    [0, 2, 1_000],
    [1, 2, 3],
    [0, 1, 1],
  ]);
  expect(chunks()[2]).toMatchObject({ not_found: ['1'], nonce: 'n' });
  await blind.send(all, { op: 8, d: { guild_id: guildId, query: 'user1', limit: 5 } });
  expect((await blind.event(Event.GuildMembersChunk)).d?.members).toHaveLength(5);
});

test('an outage takes the guild away and brings it back; a kicked bot is out of voice and guild', async () => {
  const client = await connect(voiceIntents);
  await control.setGuildUnavailable(guildId, true);
  expect(await client.next(Event.GuildDelete)).toEqual({ id: guildId, unavailable: true });
  await control.createTextChannel(guildId, { name: 'unseen' });
  const since = await control.lastEventId();
  await client.joinVoice(guildId, channelId);
  await control.waitForEvent((event) => event.type === 'voice_refused' && event.reason === 'guild_unavailable', {
    since,
  });
  const from = client.events.length;
  await control.setGuildUnavailable(guildId, false);
  expect((await client.next(Event.GuildCreate, from)).channels).toHaveLength(2);
  expect(client.all(Event.ChannelCreate)).toEqual([]);
  await client.joinVoice(guildId, channelId);
  await client.next(Event.VoiceServerUpdate);
  await control.kick(guildId, application.botUserId);
  expect(await client.next(Event.GuildDelete, from)).toEqual({ id: guildId });
  expect(client.all(Event.VoiceStateUpdate).at(-1)).toMatchObject({ channel_id: null });
});

test('voice flags of people and of the server; a refused op 4 is silent, and an event for who looks on', async () => {
  const client = await connect(voiceIntents);
  await control.join(userId, channelId);
  await control.setVoiceFlags(userId, { selfMute: true, selfVideo: true, selfStream: true, suppress: true });
  await control.serverMute(guildId, userId, { mute: true });
  await client.when(() => client.all(Event.VoiceStateUpdate).length === 3);
  expect(client.all(Event.VoiceStateUpdate).at(-1)).toMatchObject({
    self_mute: true,
    self_deaf: false,
    self_video: true,
    self_stream: true,
    suppress: true,
    mute: true,
    deaf: false,
  });
  expect(voice.members).toHaveLength(1);
  await expect(control.serverMute(guildId, userId, { deaf: true, moderatorId: userId })).rejects.toThrow(/grant/);
  const shut = await control.createVoiceChannel(guildId, {
    name: 'shut',
    overwrites: [{ id: application.botUserId, type: 'member', deny: ['Connect'] }],
  });
  for (const [target, reason] of [
    [channelId, 'channel_full'],
    [shut.channelId, 'missing_permissions'],
    ['1', 'unknown_channel'],
  ] as const) {
    const since = await control.lastEventId();
    await client.joinVoice(guildId, target);
    const refused = await control.waitForEvent(({ type }) => type === 'voice_refused', { since });
    expect(refused).toMatchObject({ reason, channelId: target, userId: application.botUserId });
  }
  expect(client.all(Event.VoiceServerUpdate)).toEqual([]);
});
