import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { S3Server } from '../../../sim/src/s3/server.ts';
import { ObjectStore, type ObjectStoreOptions } from './object-store.ts';

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
const sha256 = createHash('sha256').update('audio').digest('hex');
let server: S3Server;
let directory: string;
let stores: ObjectStore[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'object-store-'));
  await writeFile(join(directory, 'file'), 'audio');
  stores = [];
});
afterEach(async () => {
  for (const store of stores) store.close();
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

async function storeWith(more: Partial<ObjectStoreOptions>, requireEncryption: boolean): Promise<ObjectStore> {
  server = new S3Server({ credentials, buckets: ['box'], requireEncryption });
  const endpoint = await server.listen();
  const store = new ObjectStore({ endpoint, bucket: 'box', region: 'us-east-1', ...credentials, ...more });
  stores.push(store);
  return store;
}
const put = (store: ObjectStore) => store.put('a.ogg', join(directory, 'file'), { sha256 });

test('a bucket that wants encryption takes nothing without it', async () => {
  const store = await storeWith({}, true);
  await expect(put(store)).rejects.toMatchObject({ code: 'object_not_stored' });
});

test.each([
  [{ algorithm: 'AES256' as const }, { 'x-amz-server-side-encryption': 'AES256' }],
  [
    { algorithm: 'aws:kms' as const, kmsKeyId: 'arn:key' },
    { 'x-amz-server-side-encryption': 'aws:kms', 'x-amz-server-side-encryption-aws-kms-key-id': 'arn:key' },
  ],
])('what is stored asks for the encryption of the settings: %o', async (encryption, headers) => {
  const store = await storeWith({ encryption }, true);
  expect(await put(store)).toBe(5);
  expect((await server.read('box', 'a.ogg')).encryption).toEqual(headers);
});

test('objects are described and deleted; one that is not there is neither an error', async () => {
  const store = await storeWith({}, false);
  await put(store);
  expect(await store.describe('a.ogg')).toEqual({ bytes: 5, metadata: { sha256 } });
  await store.delete(['a.ogg', 'b.ogg']);
  expect(await store.describe('a.ogg')).toBeUndefined();
  expect(await store.list('')).toEqual([]);
});
