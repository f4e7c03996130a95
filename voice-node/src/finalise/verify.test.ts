import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { chunkKey, manifestKey, masterKey } from '@patchbay/shared/object-keys';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { S3Server } from '../../../sim/src/s3/server.ts';
import { ObjectStore } from '../storage/object-store.ts';
import type { Manifest } from './manifest.ts';

const sessionId = '01JXRECRDNG00000000000000A';
const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
const chunk = chunkKey(sessionId, '7', 1_000);
const other = chunkKey(sessionId, '8', 1_000);
const master = masterKey(sessionId);
let server: S3Server;
let endpoint: string;
let client: S3Client;

const sha256 = (body: string): string => createHash('sha256').update(body).digest('hex');
const objects: Record<string, string> = { [chunk]: 'one', [other]: 'two', [master]: 'the mix' };
const kindOf = (key: string) => (key === master ? ('master' as const) : ('chunk' as const));

beforeEach(async () => {
  server = new S3Server({ credentials, buckets: ['box'] });
  endpoint = await server.listen();
  client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  const store = new ObjectStore({ endpoint, bucket: 'box', region: 'us-east-1', ...credentials });
  const directory = await mkdtemp(join(tmpdir(), 'verify-test-'));
  const put = async (key: string, body: string) => {
    await writeFile(join(directory, 'file'), body);
    await store.put(key, join(directory, 'file'), { sha256: sha256(body) });
  };
  for (const [key, body] of Object.entries(objects)) await put(key, body);
  const manifest: Manifest = {
    v: 1,
    sessionId,
    timeZero: 1_000,
    samples: 960,
    complete: true,
    incompleteBecause: [],
    without: [],
    objects: Object.entries(objects).map(([key, body]) => ({
      key,
      kind: kindOf(key),
      bytes: body.length,
      sha256: sha256(body),
      firstSample: 0,
      endSample: 960,
    })),
    missing: [],
    outages: [],
  };
  await put(manifestKey(sessionId), JSON.stringify(manifest));
  await rm(directory, { recursive: true, force: true });
  store.close();
});
afterEach(async () => {
  client.destroy();
  await server.close();
});

/** The command as it is run by hand. */
async function verify(...args: string[]): Promise<{ code: number; said: string }> {
  const script = fileURLToPath(import.meta.resolve('../../scripts/verify.ts'));
  const env = {
    PATH: process.env.PATH ?? '',
    S3_ENDPOINT: endpoint,
    S3_BUCKET: 'box',
    S3_REGION: 'us-east-1',
    S3_ACCESS_KEY_ID: 'key',
    S3_SECRET_ACCESS_KEY: 'secret',
  };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], { env });
    return { code: 0, said: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, said: stdout + stderr };
  }
}

test('a whole recording passes; a stranger in its folder is named and does no harm', async () => {
  expect(await verify(sessionId)).toEqual({ code: 0, said: '3 of 3 objects are as they were made.\n' });
  const late = chunkKey(sessionId, '9', 2_000);
  await client.send(new PutObjectCommand({ Bucket: 'box', Key: late, Body: 'late' }));
  const { code, said } = await verify(sessionId);
  expect(code).toBe(0);
  expect(said).toContain(`unlisted: ${late}\n`);
});

test('a missing object, and others whose length or one byte differs, are named', async () => {
  await client.send(new DeleteObjectCommand({ Bucket: 'box', Key: master }));
  await client.send(new PutObjectCommand({ Bucket: 'box', Key: chunk, Body: 'onf' }));
  await client.send(new PutObjectCommand({ Bucket: 'box', Key: other, Body: 'two and more' }));
  const { code, said } = await verify(sessionId);
  expect(code).toBe(1);
  expect(said.split('\n')).toEqual([
    `other content: ${chunk}`,
    `other length: ${other}`,
    `missing: ${master}`,
    '0 of 3 objects are as they were made.',
    '',
  ]);
});

test('an object damaged at rest is found, although all that is said of it is right', async () => {
  const { S3Control } = await import('../../../sim/src/s3/control-client.ts');
  const { listenForControl } = await import('../../../sim/src/stand-in/control-server.ts');
  const { s3ControlApp } = await import('../../../sim/src/s3/control.ts');
  const control = await listenForControl(s3ControlApp(server, 'box'), 0);
  await new S3Control(control.url).addFault({ kind: 'damage', keys: '**/chunks/7-*', count: 1 });
  const metadata = { sha256: sha256('one') };
  await client.send(new PutObjectCommand({ Bucket: 'box', Key: chunk, Body: 'one', Metadata: metadata }));
  const { code, said } = await verify(sessionId);
  await control.close();
  expect({ code, said }).toMatchObject({ code: 1, said: expect.stringContaining(`other content: ${chunk}\n`) });
});

test('without a manifest, or without a bucket, it says what to do and exits with 2', async () => {
  const { code, said } = await verify('01JXRECRDNG00000000000000B');
  expect(code).toBe(2);
  expect(said).toContain('holds no manifest');
  await server.close();
  expect((await verify()).code).toBe(2);
});
