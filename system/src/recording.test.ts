/** What a recording keeps when things break: the voice node is killed in mid-speech, and the bucket is away. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { SmtpControl } from '@patchbay/sim/smtp-control';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readyTimes } from './chaos/chaos.ts';
import { readOggOpus } from './hearing/ogg.ts';
import { configure, makeWorld, type PlayedSide } from './scenario/world.ts';
import { Child, readyJson } from './stack/child.ts';
import { root, Stack } from './stack/stack.ts';

let directory: string;
let stack: Stack;
let sides: [PlayedSide, PlayedSide];
let bucket: S3Client;
let smtp: SmtpControl;
/** Settings of the voice node over the usual ones. */
let nodeSettings: Record<string, string>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'patchbay-recording-'));
  stack = await Stack.start({ directory });
  sides = await makeWorld(stack.sim, stack.application);
  const mails = await Child.start({
    children: stack.children,
    name: 'smtp',
    script: join(root, 'sim/src/smtp/main.ts'),
    env: { SMTP_PORT: '0', SMTP_CONTROL_PORT: '0' },
    logFile: join(directory, 'logs', 'smtp.log'),
    ready: readyJson,
  });
  smtp = new SmtpControl(mails.ready.controlUrl ?? '');
  nodeSettings = { SMTP_URL: mails.ready.url ?? '', MAIL_FROM: 'Patchbay <bot@example.org>' };
  await stack.startNode('node-1', nodeSettings);
  for (const side of sides) await configure(stack.sim, stack.application, side);
  const [side] = sides;
  const address = { name: 'address', type: 3, value: 'crew@example.org' };
  await stack.sim.command({
    applicationId: stack.application.applicationId,
    guildId: side.guildId,
    channelId: side.textChannelId,
    userId: side.ownerId,
    name: 'setup',
    options: [{ name: 'mail', type: 2, options: [{ name: 'add', type: 1, options: [address] }] }],
  });
  bucket = new S3Client({
    endpoint: stack.s3.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: stack.s3.accessKeyId, secretAccessKey: stack.s3.secretAccessKey },
  });
}, 120_000);

afterAll(async () => {
  bucket?.destroy();
  await stack?.stop();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

async function keys(): Promise<string[]> {
  const { Contents: contents } = await bucket.send(new ListObjectsV2Command({ Bucket: stack.s3.bucket }));
  return (contents ?? []).map(({ Key: key }) => key ?? '');
}

async function object(key: string): Promise<{ body: Buffer; metadata: Record<string, string> }> {
  const found = await bucket.send(new GetObjectCommand({ Bucket: stack.s3.bucket, Key: key }));
  return { body: Buffer.from((await found.Body?.transformToByteArray()) ?? []), metadata: found.Metadata ?? {} };
}

/** CELT, full band, 20 ms, stereo, one frame: nobody listens to what follows. */
function ownPacket(number: number): Uint8Array {
  const packet = Buffer.alloc(60, 0x2a);
  packet[0] = 0xfc;
  packet.writeUInt32BE(number, 1);
  return packet;
}

const spokenIn = (packets: readonly Uint8Array[]): Set<string> =>
  new Set(packets.filter(({ length }) => length > 3).map((packet) => Buffer.from(packet).toString('base64')));

test('killed in mid-speech, the node finishes the recording when it comes back: chunks, fragments, master, manifest', async () => {
  const [side, other] = sides;
  const speakers = [side.members[0], other.members[0]].flatMap((member) => member ?? []);
  for (const one of [side, other]) for (const { userId } of one.members) await stack.sim.join(userId, one.channelId);
  await expect
    .poll(() => stack.sim.nickname(side.guildId, stack.application.botUserId), { timeout: 30_000 })
    .toContain('[REC]');
  await Promise.all(speakers.map(({ userId }) => stack.sim.ready(userId)));
  const clips = await stack.sim.clips();
  const say = async ({ userId, voice }: PlayedSide['members'][number]) => {
    const [longest] = clips.filter((clip) => clip.voice === voice).sort((left, right) => right.packets - left.packets);
    await stack.sim.speak(userId, { clip: longest?.name ?? '' });
  };
  await Promise.all(speakers.map(say));
  // In the middle of what they say.
  const [first] = speakers;
  await expect
    .poll(async () => (await stack.sim.spoken(first?.userId ?? '')).length, { timeout: 10_000 })
    .toBeGreaterThan(60);
  stack.children.get('node-1')?.kill('SIGKILL');
  const killedAt = Date.now();
  stack.children.delete('node-1');
  await stack.startNode('node-1', nodeSettings);
  // The same session goes on, with the same time zero, in a new part of the recording.
  const parts = async () => (await readdir(join(directory, 'node-1', 'recordings'))).map((name) => name.split('-'));
  await expect
    .poll(parts, { timeout: 30_000 })
    .toSatisfy((all: string[][]) => all.some(([, at]) => Number(at) > killedAt));
  await Promise.all(speakers.map(({ userId }) => stack.sim.waitUntilSilent(userId)));
  await Promise.all(speakers.map(({ userId }) => stack.sim.ready(userId)));
  // Both legs are in their groups again; before that nobody could have decrypted what is said.
  const back = async () => {
    const readies = await readyTimes(join(directory, 'logs', 'node-1.log'));
    return [side, other].every(({ guildId }) => readies.some((one) => one.guildId === guildId && one.at > killedAt));
  };
  await expect.poll(back, { timeout: 30_000 }).toBe(true);
  const backAt = Date.now();
  await Promise.all(
    speakers.map(({ userId }, index) => {
      // No two alike, and none that was spoken before: each is found only where it went.
      const packets = Array.from({ length: 150 }, (_, at) => ownPacket(index * 1_000 + at));
      return stack.sim.speak(userId, { packets });
    }),
  );
  await Promise.all(speakers.map(({ userId }) => stack.sim.waitUntilSilent(userId)));
  for (const one of [side, other]) for (const { userId } of one.members) await stack.sim.leave(userId);
  // There has been one since the first part was stored; it says when it is the last. Without an order the node waits for a minute.
  const finalised = async (): Promise<boolean> => {
    const key = (await keys()).find((one) => one.includes('/manifest-'));
    const list = key && (JSON.parse((await object(key)).body.toString()) as { incompleteBecause: string[] });
    return list !== undefined && list !== '' && !list.incompleteBecause.includes('not_finalised');
  };
  await expect.poll(finalised, { timeout: 120_000 }).toBe(true);

  const stored = await keys();
  for (const { userId } of speakers) {
    const own = stored.filter((one) => one.includes(`/chunks/${userId}-`));
    expect(own).toHaveLength(2);
    const files = await Promise.all(own.map(object));
    const has = spokenIn(files.flatMap(({ body }) => readOggOpus(body)));
    const said = await stack.sim.spoken(userId);
    const missing = (packets: typeof said) => packets.filter(({ opus }) => opus.length > 4 && !has.has(opus));
    const before = said.filter(({ sentAt }) => sentAt < killedAt);
    // What came within the last tick of 20 ms had not been written, and a packet may be on its way.
    expect(missing(before).length).toBeLessThanOrEqual(4);
    expect(before.length).toBeGreaterThan(40);
    const after = said.filter(({ sentAt, opus }) => sentAt > backAt && opus.length > 4);
    // The leg is recorded once its notice stands again: what is spoken before that is none of the recording.
    const begins = after.findIndex(({ opus }) => has.has(opus));
    expect(begins).toBeGreaterThanOrEqual(0);
    expect(begins).toBeLessThanOrEqual(5);
    expect(missing(after.slice(begins))).toEqual([]);
    expect(new Set(files.map(({ metadata }) => metadata['time-zero'])).size).toBe(1);
  }
  expect(stored.filter((key) => key.includes('/full/FULL-'))).toHaveLength(2);
  expect(stored.filter((key) => key.includes('/full/RAW-'))).toHaveLength(2);
  const manifestKey = stored.find((key) => key.includes('/manifest-')) ?? '';
  const manifest = JSON.parse((await object(manifestKey)).body.toString()) as {
    objects: { key: string }[];
    outages: [number, number][];
  };
  expect(manifest.objects.map(({ key }) => key).sort()).toEqual(stored.filter((key) => key !== manifestKey).sort());
  // What was spoken while no leg was there is an outage, not silence.
  const [outage] = manifest.outages;
  expect(((outage?.[1] ?? 0) - (outage?.[0] ?? 0)) / 48_000).toBeGreaterThan(0.5);
  // Nothing local is left; people who stayed may be in their next call by now.
  const sessionId = /recordings\/([^/]+)\//.exec(manifestKey)?.[1] ?? '';
  const left = async () =>
    (await readdir(join(directory, 'node-1', 'recordings'))).filter((name) => name.includes(sessionId));
  await expect.poll(left, { timeout: 10_000 }).toEqual([]);
}, 240_000);

test('it is reported in the channel and by mail; links open the mix for who was there, and for no stranger', async () => {
  const { sim, application } = stack;
  const [side, other] = sides;
  const report = await sim.until(
    async () => (await sim.messages(side.channelId)).find(({ content }) => content.includes('LUFS')),
    { what: 'the report in the channel' },
  );
  const sessionId = /`([0-9A-Z]{26})`/.exec(report.content)?.[1] ?? '';
  expect(await keys()).toContain(`recordings/${sessionId}/master/MASTER-${sessionId}.mp3`);
  const [speaker] = side.members;
  expect(report.content).toContain(`<@${speaker?.userId}>`);
  // The other side's people are counted, not named.
  for (const { userId } of other.members) expect(report.content).not.toContain(userId);
  const customId = `recording:links:${sessionId}`;
  expect(JSON.stringify(report.components)).toContain(customId);

  const answer = async (userId: string) => {
    const { interactionId } = await sim.click({ userId, messageId: report.id, customId });
    return sim.until(
      async () => {
        const { message } = await sim.interaction(interactionId);
        return message && !(message.flags & 128) ? message : undefined;
      },
      { what: 'the answer to a click' },
    );
  };
  const given = await answer(speaker?.userId ?? '');
  expect(given.flags & 64).toBe(64);
  const links = (given.components as { components: { label: string; url: string }[] }[]).flatMap(
    (row) => row.components,
  );
  const mix = await fetch(links.find(({ label }) => label === 'Mix')?.url ?? '');
  expect(mix.headers.get('content-type')).toBe('audio/mpeg');
  const { body } = await object(`recordings/${sessionId}/master/MASTER-${sessionId}.mp3`);
  expect(Buffer.from(await mix.arrayBuffer()).equals(body)).toBe(true);

  // Somebody of another server of the bot knows the channel's id.
  const { guildId } = await sim.createGuild({ name: 'Elsewhere' });
  await sim.addBot(guildId, application.botUserId);
  const { userId: stranger } = await sim.createMember(guildId, { name: 'Stranger' });
  const { channelId } = await sim.openDirectMessage(application.botUserId, stranger);
  const asked = async (userId: string, dm: string) => {
    await sim.say(userId, dm, `!records ${side.channelId}`);
    return sim.until(async () => (await sim.messages(dm)).find(({ authorId }) => authorId === application.botUserId), {
      what: 'the reply in private',
    });
  };
  expect((await asked(stranger, channelId)).content).toBe('There are no recordings that you may have.');
  const own = await sim.openDirectMessage(application.botUserId, speaker?.userId ?? '');
  const reply = await asked(speaker?.userId ?? '', own.channelId);
  expect(reply.content).toContain(sessionId);
  const [button] =
    (reply.components as typeof given.components as { components: { url: string }[] }[])[0]?.components ?? [];
  expect((await fetch(button?.url ?? '')).status).toBe(200);

  const mail = await smtp.waitFor({ to: 'crew@example.org' });
  expect(mail.subject).toContain(side.channelName);
  expect(mail.text).toContain(`${stack.workerUrl}/#/recordings/${side.guildId}/${sessionId}`);
  expect((await smtp.mails()).length).toBe(1);
}, 60_000);

test('where the nickname cannot be changed the chat reads the notice before anything is recorded, and that it is over', async () => {
  const { botUserId } = stack.application;
  const [side, other] = sides;
  const path = `/guilds/${side.guildId}/members/@me`;
  await stack.sim.setRestFault({ method: 'PATCH', path, effect: { kind: 'status', status: 500 } });
  for (const one of [side, other]) for (const { userId } of one.members) await stack.sim.join(userId, one.channelId);
  const notice = async () => (await stack.sim.messages(side.channelId)).map(({ content }) => content).join('\n');
  await stack.sim.until(async () => (await notice()).includes('This voice channel is being recorded'), {
    timeoutMs: 30_000,
  });
  expect(await stack.sim.nickname(side.guildId, botUserId)).toBeNull();
  for (const one of [side, other]) for (const { userId } of one.members) await stack.sim.leave(userId);
  await stack.sim.until(async () => (await notice()).includes('The recording of this voice channel is over'), {
    timeoutMs: 30_000,
  });
  expect(await notice()).not.toContain('is being recorded');
  await stack.sim.clearRestFaults();
}, 120_000);
