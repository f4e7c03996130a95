/** A second, independent voice stack: dysnomia, unmodified, against the whole simulator, driven by the control client. */
import { once } from 'node:events';
import tls from 'node:tls';
import * as Dysnomia from '@projectdysnomia/dysnomia';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimControl } from '../../src/control/client.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator.ts';
import { silenceFrame } from '../../src/voice/rtp.ts';

const { Client } = Dysnomia;
type Client = Dysnomia.Client;
type VoiceConnection = Dysnomia.VoiceConnection;

let simulator: Simulator;
let control: SimControl;
let guildId: string;
let channelId: string;
let ada: string;
let botUserId: string;
let token: string;
let client: Client | undefined;

async function start(options: SimulatorOptions = {}) {
  simulator = await startSimulator(options);
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), simulator.certificatePem]);
  control = new SimControl(simulator.controlUrl);
  ({ guildId } = await control.createGuild({ name: 'guild' }));
  ({ channelId } = await control.createVoiceChannel(guildId, { name: 'talk' }));
  ({ userId: ada } = await control.createMember(guildId, { name: 'ada' }));
  ({ botUserId, token } = await control.createApplication({ name: 'bot' }));
  await control.addBot(guildId, botUserId);
}
beforeEach(() => start());
afterEach(async () => {
  client?.disconnect({ reconnect: false });
  client = undefined;
  await simulator.close();
});

async function connect(): Promise<Client> {
  const { hostname, port } = new URL(simulator.apiUrl);
  const made = new Client(`Bot ${token}`, {
    gateway: { intents: ['guilds', 'guildVoiceStates'] },
    rest: { domain: hostname, port: Number(port), https: false, baseURL: '/api/v10' },
  });
  client = made;
  const ready = once(made, 'ready');
  await made.connect();
  await ready;
  return made;
}

async function join(channel = channelId, options: object = {}): Promise<VoiceConnection> {
  const made = client ?? (await connect());
  const connection = await made.joinVoiceChannel(channel, { opusOnly: true, selfDeaf: false, ...options });
  connection.on('error', () => undefined); // resumable drops are told as errors
  return connection;
}

/** Collects what the client hears of anybody. */
function hear(connection: VoiceConnection) {
  const packets: { opus: Buffer; userId: string; sequence: number }[] = [];
  const stream = connection.receive('opus');
  stream.on('data', (opus, userId, _timestamp, sequence) => {
    if (!opus.equals(silenceFrame)) packets.push({ opus: Buffer.from(opus), userId, sequence });
  });
  return {
    packets,
    async until(count: number) {
      while (packets.length < count) await once(stream as unknown as NodeJS.EventEmitter, 'data');
    },
  };
}

/** The clip's packets, without those that are silence themselves. */
async function clipPackets(userId: string): Promise<Buffer[]> {
  const spoken = await control.spoken(userId);
  return spoken.map(({ opus }) => Buffer.from(opus, 'base64')).filter((opus) => !opus.equals(silenceFrame));
}

async function say(userId: string, clip: string): Promise<Buffer[]> {
  await control.clearHeard(userId);
  await control.speak(userId, { clip });
  await control.waitUntilSilent(userId);
  return clipPackets(userId);
}

async function inOneGroup(connection: VoiceConnection, userId: string): Promise<void> {
  await control.ready(userId);
  const group = await control.waitForEvent(
    (event) =>
      event.type === 'epoch' && event.memberUserIds.includes(botUserId) && event.memberUserIds.includes(userId),
    { since: 0 },
  );
  expect(group.type).toBe('epoch');
  while (!connection.voicePrivacyCode) await once(connection as unknown as NodeJS.EventEmitter, 'debug');
}

test('it sees the guild, joins the encrypted group, hears a person word for word and is heard', async () => {
  await control.join(ada, channelId);
  const connection = await join();
  const guild = client?.guilds.get(guildId);
  expect(guild?.channels.get(channelId)?.name).toBe('talk');
  expect([...(guild?.voiceStates?.keys() ?? [])]).toEqual(expect.arrayContaining([ada]));
  await inOneGroup(connection, ada);
  const heard = hear(connection);
  const spoken = await say(ada, 'ada-1');
  await heard.until(spoken.length);
  expect(heard.packets.map(({ opus }) => opus)).toEqual(spoken);
  expect(new Set(heard.packets.map(({ userId }) => userId))).toEqual(new Set([ada]));

  const words = Array.from({ length: 20 }, (_, index) => Buffer.from(`\x78dysnomia says ${index}`.padEnd(60, '.')));
  connection.setSpeaking(true);
  for (const word of words) {
    // Its packets share one buffer: one each 20 ms, as its own player sends them.
    await new Promise((resolve) => setTimeout(resolve, 20));
    connection.sendAudioFrame(word);
  }
  connection.setSpeaking(false);
  // A datagram is no event of the control client: asked again until all are there.
  let arrived: Buffer[] = [];
  while (arrived.length < words.length) {
    const packets = await control.heard(ada);
    arrived = packets.map(({ opus }) => Buffer.from(opus, 'base64')).filter((opus) => !opus.equals(silenceFrame));
  }
  expect(arrived).toEqual(words);
  expect((await control.counters()).plaintextFramesInDaveRooms).toBe(0);
});

test('it is moved, follows, and leaves no ghost behind', async () => {
  const { channelId: other } = await control.createVoiceChannel(guildId, { name: 'other' });
  await control.join(ada, other);
  const connection = await join();
  const ready = control.waitForEvent((event) => event.type === 'voice_client_ready' && event.channelId === other);
  await control.move(botUserId, other);
  await ready;
  await inOneGroup(connection, ada);
  expect((await control.voice.clients(guildId)).map((found) => found.channelId)).toEqual([other]);
  const heard = hear(connection);
  const spoken = await say(ada, 'ada-2');
  await heard.until(spoken.length);
  expect(heard.packets.map(({ opus }) => opus)).toEqual(spoken);
});

test.for([
  ['a malformed op 27', 27],
  ['a malformed op 29', 29],
] as const)('after %s it asks to be added again (op 31), and hears', async ([, opcode]) => {
  await control.join(ada, channelId);
  const connection = await join();
  await inOneGroup(connection, ada);
  const since = await control.lastEventId();
  await control.voice.malformed({ guildId, userId: botUserId }, opcode);
  // Removed and added again: a later epoch with both.
  await control.waitForEvent(
    (event) => event.type === 'epoch' && event.memberUserIds.length === 2 && event.memberUserIds.includes(botUserId),
    { since },
  );
  const heard = hear(connection);
  const spoken = await say(ada, 'ada-1');
  await heard.until(1);
  expect(spoken.some((opus) => heard.packets[0]?.opus.equals(opus))).toBe(true);
});

test('a newcomer of whom it is told too late (op 11) is refused at first, and heard after recovery', async () => {
  await control.join(ada, channelId);
  const { userId: ben } = await control.createMember(guildId, { name: 'ben' });
  const connection = await join();
  await inOneGroup(connection, ada);
  await control.voice.socketFaults({ guildId, userId: botUserId }, { lateClientsConnectMs: 200 });
  const warned = once(connection as unknown as NodeJS.EventEmitter, 'warn');
  await control.join(ben, channelId);
  expect(String(await warned)).toMatch(/MLS proposals errored/);
  await control.waitForEvent((event) => event.type === 'epoch' && event.memberUserIds.length === 3, { since: 0 });
  await control.ready(ben);
});

test('a broken websocket is resumed without loss of the epoch', async () => {
  await control.join(ada, channelId);
  const connection = await join();
  await inOneGroup(connection, ada);
  const resumed = control.waitForEvent((event) => event.type === 'voice_client_resumed');
  await control.voice.close({ guildId, userId: botUserId }, 4015);
  await resumed;
  const heard = hear(connection);
  const spoken = await say(ada, 'ada-1');
  await heard.until(spoken.length);
  expect(heard.packets.map(({ opus }) => opus)).toEqual(spoken);
});

test('packets that the network loses are missing at the client, the rest arrives under the right name', async () => {
  await control.join(ada, channelId);
  const connection = await join();
  await inOneGroup(connection, ada);
  await control.voice.packetFaults({ guildId, userId: botUserId }, 'toClient', { seed: 5, loss: 0.2 });
  const heard = hear(connection);
  const spoken = await say(ada, 'ada-1');
  await control.voice.clearFaults();
  const rest = await say(ada, 'ada-2');
  await heard.until(rest.length + 10);
  while (!heard.packets.at(-1)?.opus.equals(rest.at(-1) ?? Buffer.alloc(0)))
    await heard.until(heard.packets.length + 1);
  const kept = heard.packets.length - rest.length;
  expect(kept).toBeLessThan(spoken.length * 0.95);
  expect(kept).toBeGreaterThan(spoken.length * 0.6);
});

test('without DAVE it is refused (4017) where DAVE is required, and heard in clear where it is not', async () => {
  const made = await connect();
  const refused = made.joinVoiceChannel(channelId, { opusOnly: true, daveEncryption: false } as object);
  await expect(refused).rejects.toThrow();
  made.disconnect({ reconnect: false });
  client = undefined;
  await simulator.close();
  await start({ voice: { requireDave: false } });
  await control.join(ada, channelId);
  const connection = await join(channelId, { daveEncryption: false });
  const heard = hear(connection);
  const spoken = await say(ada, 'ada-1');
  await heard.until(spoken.length);
  expect(heard.packets.map(({ opus }) => opus)).toEqual(spoken);
});
