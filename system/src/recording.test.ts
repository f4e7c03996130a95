/** What a recording keeps when things break: the voice node is killed in mid-speech, and the bucket is away. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readOggOpus } from './hearing/ogg.ts';
import { configure, makeWorld, type PlayedSide } from './scenario/world.ts';
import { Stack } from './stack/stack.ts';

let directory: string;
let stack: Stack;
let sides: [PlayedSide, PlayedSide];
let bucket: S3Client;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'patchbay-recording-'));
  stack = await Stack.start({ directory });
  sides = await makeWorld(stack.sim, stack.application);
  await stack.startNode();
  for (const side of sides) await configure(stack.sim, stack.application, side);
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
  const spoken = await Promise.all(
    speakers.map(({ userId, voice }) => {
      const [longest] = clips
        .filter((clip) => clip.voice === voice)
        .sort((left, right) => right.packets - left.packets);
      return stack.sim.speak(userId, { clip: longest?.name ?? '' });
    }),
  );
  // In the middle of what they say.
  const [first] = speakers;
  await expect
    .poll(async () => (await stack.sim.spoken(first?.userId ?? '')).length, { timeout: 10_000 })
    .toBeGreaterThan(60);
  stack.children.get('node-1')?.kill('SIGKILL');
  const killedAt = Date.now();
  stack.children.delete('node-1');
  expect(spoken).toHaveLength(2);
  await stack.startNode();

  await expect
    .poll(async () => (await keys()).filter((key) => key.includes('/manifest-')).length, { timeout: 60_000 })
    .toBe(1);
  const stored = await keys();
  for (const { userId } of speakers) {
    const key = stored.find((one) => one.includes(`/chunks/${userId}-`));
    const { body } = await object(key ?? '');
    const has = spokenIn(readOggOpus(body));
    const said = (await stack.sim.spoken(userId)).filter(({ sentAt }) => sentAt < killedAt);
    const missing = said.filter(({ opus }) => !has.has(opus));
    // What came within the last tick of 20 ms had not been written, and a packet may be on its way.
    expect(missing.length).toBeLessThanOrEqual(4);
    expect(has.size).toBeGreaterThan(40);
  }
  expect(stored.filter((key) => key.includes('/full/FULL-'))).toHaveLength(2);
  expect(stored.filter((key) => key.includes('/full/RAW-'))).toHaveLength(2);
  const manifestKey = stored.find((key) => key.includes('/manifest-')) ?? '';
  const manifest = JSON.parse((await object(manifestKey)).body.toString()) as {
    objects: { key: string; bytes: number }[];
  };
  expect(manifest.objects.map(({ key }) => key).sort()).toEqual(stored.filter((key) => key !== manifestKey).sort());
  // Nothing local is left; people who stayed may be in their next call by now.
  const sessionId = /recordings\/([^/]+)\//.exec(manifestKey)?.[1] ?? '';
  const left = async () =>
    (await readdir(join(directory, 'node-1', 'recordings'))).filter((name) => name.includes(sessionId));
  await expect.poll(left, { timeout: 10_000 }).toEqual([]);
}, 180_000);
