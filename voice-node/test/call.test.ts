/** The voice node as a process against the simulator: presence, a call with recording, and a clean end. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { fullMatrix } from '@patchbay/shared/routing';
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { ulid } from 'ulid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadClips } from '../../sim/src/clips/library.ts';
import { SimControl } from '../../sim/src/control/client.ts';
import { DeepgramServer } from '../../sim/src/deepgram/server.ts';
import { S3Server } from '../../sim/src/s3/server.ts';
import { type Simulator, startSimulator } from '../../sim/src/simulator.ts';
import { FakeHub, HUB_SECRET } from './fake-hub.ts';
import { NodeProcess } from './node-process.ts';

interface Side {
  guildId: string;
  channelId: string;
  userId: string;
}

let directory: string;
let simulator: Simulator;
let control: SimControl;
let hub: FakeHub;
let s3: S3Server;
let deepgram: DeepgramServer;
let bucket: S3Client;
let node: NodeProcess;
let botUserId: string;
let sides: [Side, Side];
let healthUrl: string;

async function makeSide(name: string): Promise<Side> {
  const { guildId } = await control.createGuild({ name });
  await control.addBot(guildId, botUserId);
  const { channelId } = await control.createVoiceChannel(guildId, { name: 'Lounge' });
  const { userId } = await control.createMember(guildId, { name: `${name}'s member` });
  return { guildId, channelId, userId };
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'voice-node-'));
  simulator = await startSimulator();
  control = new SimControl(simulator.controlUrl);
  const application = await control.createApplication({ name: 'Patchbay' });
  botUserId = application.botUserId;
  sides = [await makeSide('North'), await makeSide('South')];
  hub = new FakeHub();
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
  s3 = new S3Server({ credentials, buckets: ['recordings'] });
  const endpoint = await s3.listen(0);
  bucket = new S3Client({ endpoint, region: 'auto', forcePathStyle: true, credentials });
  deepgram = new DeepgramServer({ apiKey: 'captions', clips: (await loadClips()).values() });
  const certificate = join(directory, 'voice.pem');
  await writeFile(certificate, simulator.certificatePem);
  node = new NodeProcess({
    DISCORD_TOKENS: application.token,
    DISCORD_API_URL: simulator.apiUrl,
    HUB_URL: await hub.listen(),
    HUB_SECRET,
    NODE_ID: 'node-1',
    DATA_DIR: join(directory, 'data'),
    NODE_EXTRA_CA_CERTS: certificate,
    S3_ENDPOINT: endpoint,
    S3_BUCKET: 'recordings',
    S3_ACCESS_KEY_ID: credentials.accessKeyId,
    S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    DEEPGRAM_API_KEY: 'captions',
    DEEPGRAM_URL: await deepgram.listen(),
  });
  ({ healthUrl } = await node.ready());
});

afterAll(async () => {
  await node?.stop('SIGKILL');
  await simulator?.close();
  await s3?.close();
  await deepgram?.close();
  await hub?.close();
  await rm(directory, { recursive: true, force: true });
});

test('says hello, tells of the guilds, and is healthy', async () => {
  expect(await hub.message('hello')).toMatchObject({ nodeId: 'node-1', identities: [{ identityId: botUserId }] });
  for (const { guildId, channelId } of sides) {
    const snapshot = await hub.event('voice.snapshot', (event) => event.guildId === guildId);
    expect(snapshot).toMatchObject({ identityId: botUserId, channels: [{ channelId, name: 'Lounge' }], members: [] });
  }
  const health = await fetch(healthUrl);
  expect(health.status).toBe(200);
  expect(await health.json()).toMatchObject({ healthy: true, control: true });
});

test('connects two channels end to end, records and captions both sides, and leaves no trace behind', async () => {
  const [north, south] = sides;
  for (const { userId, channelId, guildId } of sides) {
    await control.join(userId, channelId);
    expect(await hub.event('voice.joined', (event) => event.guildId === guildId)).toMatchObject({
      member: { userId, channelId, bot: false },
    });
  }
  const [a, b] = [ulid(), ulid()];
  const leg = (legId: string, { guildId, channelId }: Side) =>
    ({ legId, guildId, channelId, identityId: botUserId, epoch: 1, role: 'party' }) as const;
  const spec: SessionSpec = {
    id: ulid(),
    revision: 1,
    mode: 'bridge',
    timeZero: Date.now(),
    legs: [leg(a, north), leg(b, south)],
    routes: fullMatrix([a, b]),
    record: { legs: [a, b] },
    captions: { legs: [a, b].map((legId) => ({ legId, language: 'en', keyterms: [], prerecorded: 'gaps' })) },
    optedOut: [],
    limits: { seconds: 0 },
  };
  hub.send({ v: 1, type: 'captions.share', connections: 2 });
  hub.send({ v: 1, type: 'session.apply', spec });
  for (const { guildId } of sides) {
    expect(await hub.event('session.active', (event) => event.guildId === guildId)).toMatchObject({ daveVersion: 1 });
    await hub.event('recording.started', (event) => event.guildId === guildId);
    expect(await control.nickname(guildId, botUserId)).toBe('[REC] Patchbay');
  }
  for (const { userId } of sides) {
    await control.ready(userId);
    // The connect tone, to its end.
    await control.until(async () => {
      const packets = await control.heard(userId);
      return packets.some(({ opus }) => opus !== '+P/+') && packets.at(-1)?.opus === '+P/+';
    });
    await control.clearHeard(userId);
  }

  const [clip] = await control.clips();
  if (!clip) throw new Error('the simulator has no clips');
  await control.speak(north.userId, { clip: clip.name });
  await control.waitUntilSilent(north.userId);
  const spoken = (await control.spoken(north.userId)).filter(({ opus }) => opus !== '+P/+');
  const voice = async () => (await control.heard(south.userId)).filter(({ opus }) => opus !== '+P/+');
  expect(spoken.length).toBeGreaterThan(20);
  const heard = await control.until(async () => {
    const packets = await voice();
    return packets.length >= spoken.length ? packets : undefined;
  });
  // Byte-exact, and the gaps between numbers are those of the speaker.
  const shape = (packets: { opus: string; sequence: number; timestamp: number }[]) =>
    packets.map(({ opus, sequence, timestamp }) => [
      opus,
      (sequence - (packets[0]?.sequence ?? 0) + 0x1_0000) % 0x1_0000,
      (timestamp - (packets[0]?.timestamp ?? 0) + 0x1_0000_0000) % 0x1_0000_0000,
    ]);
  expect(shape(heard)).toEqual(shape(spoken));
  expect(heard.every(({ fromUserId }) => fromUserId === botUserId)).toBe(true);
  // Nobody hears themselves.
  expect((await control.heard(north.userId)).filter(({ opus }) => opus !== '+P/+')).toEqual([]);
  expect((await control.counters()).plaintextFramesInDaveRooms).toBe(0);
  const told = (speaking: boolean) =>
    hub.messages.some(
      (message) =>
        message.type === 'ephemeral' &&
        message.event === 'voice.speaking' &&
        message.userId === north.userId &&
        message.speaking === speaking,
    );
  expect(told(true)).toBe(true);
  expect(await hub.event('caption.final')).toMatchObject({
    userId: north.userId,
    channelId: north.channelId,
    legId: a,
    text: clip.text,
    language: 'en',
  });
  const demands = hub.messages.filter((message) => message.type === 'ephemeral' && message.event === 'captions.demand');
  expect(demands).toContainEqual(expect.objectContaining({ open: 1, wanted: 1 }));
  expect(deepgram.accounting().total).toBe(1);

  hub.send({ v: 1, type: 'session.end', sessionId: spec.id, revision: 2, reason: 'command' });
  for (const { guildId } of sides) {
    const ended = await hub.event('session.ended', (event) => event.guildId === guildId);
    expect(ended).toMatchObject({ reason: 'command', revision: 2, sessionId: spec.id });
    expect(await control.nickname(guildId, botUserId)).toBeNull();
    expect((await control.voiceStates(guildId)).map(({ userId }) => userId)).not.toContain(botUserId);
  }
  const transcript = await hub.event('transcript.stored', ({ guildId }) => guildId === south.guildId);
  expect(transcript).toMatchObject({ sessionId: spec.id, live: 1, prerecorded: 0 });
  const texts = await bucket.send(new GetObjectCommand({ Bucket: 'recordings', Key: transcript.objects[0]?.key }));
  expect(await texts.Body?.transformToString()).toContain(`North's member: ${clip.text}`);
  const stored = await hub.event('recording.chunk.stored', ({ userId }) => userId === north.userId);
  const object = await bucket.send(new GetObjectCommand({ Bucket: 'recordings', Key: stored.key }));
  const bytes = await object.Body?.transformToByteArray();
  expect(bytes?.length).toBe(stored.bytes);
  expect(object.Metadata).toMatchObject({ 'user-id': north.userId, sha256: stored.sha256 });
  expect(stored.samples).toBeGreaterThan(spoken.length * 960);
});

/** Starts a session of one leg, recorded if asked, and waits until it is active. */
async function monitor({ guildId, channelId }: Side, record = false): Promise<SessionSpec> {
  const legId = ulid();
  const spec: SessionSpec = {
    id: ulid(),
    revision: 1,
    mode: 'custom',
    timeZero: Date.now(),
    legs: [{ legId, guildId, channelId, identityId: botUserId, epoch: 1, role: 'party' }],
    routes: [],
    ...(record ? { record: { legs: [legId] }, optedOut: [] } : {}),
    limits: { seconds: 0 },
  };
  hub.send({ v: 1, type: 'session.apply', spec });
  await hub.event('session.active', ({ sessionId }) => sessionId === spec.id);
  return spec;
}

const ended = (spec: SessionSpec) => hub.event('session.ended', ({ sessionId }) => sessionId === spec.id);

test('why a leg was lost is why its session ends: disconnected, moved, channel deleted', async () => {
  const [north] = sides;
  const disconnected = await monitor(north);
  await control.disconnectBot(north.guildId, botUserId);
  expect(await ended(disconnected)).toMatchObject({ reason: 'bot_removed' });

  const other = await control.createVoiceChannel(north.guildId, { name: 'Other' });
  const moved = await monitor(north);
  await control.move(botUserId, other.channelId);
  expect(await ended(moved)).toMatchObject({ reason: 'bot_moved' });

  const deleted = await monitor({ ...north, channelId: other.channelId });
  await control.deleteChannel(other.channelId);
  expect(await ended(deleted)).toMatchObject({ reason: 'channel_deleted' });
  expect(await hub.event('channel.deleted')).toMatchObject({ channelId: other.channelId });
});

test('a cut gateway line is resumed without the call noticing; a lost gateway session joins again', async () => {
  const [north] = sides;
  const spec = await monitor(north);
  const of = (type: string) =>
    hub.events.filter((event) => event.type === type && 'sessionId' in event && event.sessionId === spec.id);
  let since = await control.lastEventId();
  await control.cutGateway(botUserId);
  expect(await control.waitForEvent(({ type }) => type === 'bot_ready', { since })).toMatchObject({ resumed: true });
  expect(of('session.degraded')).toEqual([]);

  since = await control.lastEventId();
  await control.invalidateSession(botUserId);
  await hub.event('session.degraded', ({ sessionId }) => sessionId === spec.id);
  await hub.event(
    'session.active',
    ({ sessionId, seq }) => sessionId === spec.id && seq > (of('session.degraded')[0]?.seq ?? 0),
  );
  expect((await control.voiceStates(north.guildId)).map(({ userId }) => userId)).toContain(botUserId);
  hub.send({ v: 1, type: 'session.end', sessionId: spec.id, revision: 2, reason: 'command' });
  expect(await ended(spec)).toMatchObject({ reason: 'command' });
});

test('ends cleanly when asked to stop: sessions ended, recordings stored, exit code 0', async () => {
  const [north] = sides;
  const spec = await monitor(north, true);
  await hub.event('recording.started', ({ sessionId }) => sessionId === spec.id);
  const [clip] = await control.clips();
  await control.speak(north.userId, { clip: clip?.name ?? '' });
  await control.waitUntilSilent(north.userId);
  expect(await node.stop()).toBe(0);
  expect(await ended(spec)).toMatchObject({ reason: 'policy' });
  expect(await hub.event('recording.chunk.stored', ({ sessionId }) => sessionId === spec.id)).toMatchObject({
    userId: north.userId,
  });
  expect(await control.nickname(north.guildId, botUserId)).toBeNull();
});
