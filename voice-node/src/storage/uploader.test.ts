import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PatchbayError } from '@patchbay/shared/errors';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type PutsObjects, type StoredObject, Uploader } from './uploader.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'uploader-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const sha256 = createHash('sha256').update('audio').digest('hex');
const note = (key: string) => ({ key, metadata: { sha256 }, context: { sessionId: 'S' } });

async function file(): Promise<string> {
  const path = join(directory, 'track.ogg');
  await writeFile(path, 'audio');
  return path;
}

class Bucket implements PutsObjects {
  readonly objects = new Map<string, string>();
  refusals = 0;

  async put(key: string, path: string): Promise<number> {
    if (this.refusals > 0) {
      this.refusals -= 1;
      throw new PatchbayError('object_not_stored', 'The bucket is away.');
    }
    const body = await readFile(path, 'utf8');
    this.objects.set(key, body);
    return body.length;
  }
}

const queue = () => join(directory, 'queue');
let stored: StoredObject[];
beforeEach(() => {
  stored = [];
});
const uploaderTo = (store: PutsObjects) =>
  new Uploader({
    directory: queue(),
    store,
    onStored: async (object) => {
      stored.push(object);
    },
  });

test('uploads, tells, and only then deletes the local file', async () => {
  const bucket = new Bucket();
  const uploader = uploaderTo(bucket);
  await uploader.start();
  const receipt = await uploader.add(await file(), note('a.ogg'));
  await receipt.stored;
  expect(stored).toMatchObject([{ key: 'a.ogg', bytes: 5, context: { sessionId: 'S' } }]);
  expect(await uploader.drain(5000)).toBe(true);
  expect(bucket.objects.get('a.ogg')).toBe('audio');
  expect(await readdir(queue())).toEqual([]);
});

test('a refused upload is tried again and nothing is deleted meanwhile', async () => {
  const bucket = new Bucket();
  bucket.refusals = 1;
  const uploader = uploaderTo(bucket);
  await uploader.start();
  const retrying = once(uploader, 'retrying');
  await uploader.add(await file(), note('a.ogg'));
  expect((await retrying)[0].error.code).toBe('object_not_stored');
  expect(await readdir(queue())).toHaveLength(2);
  expect(await uploader.drain(5000)).toBe(true);
  expect(bucket.objects.size).toBe(1);
});

test('what one process could not upload, the next one does', async () => {
  const away = new Bucket();
  away.refusals = Number.POSITIVE_INFINITY;
  const first = uploaderTo(away);
  await first.start();
  await first.add(await file(), note('a.ogg'));
  expect(await first.drain(10)).toBe(false);
  const bucket = new Bucket();
  const second = uploaderTo(bucket);
  expect(await second.start()).toBe(1);
  expect(await second.drain(5000)).toBe(true);
  expect(bucket.objects.get('a.ogg')).toBe('audio');
});

test('files are taken out of the queue while the bucket is away, and are never sent', async () => {
  const bucket = new Bucket();
  bucket.refusals = 1;
  const uploader = uploaderTo(bucket);
  await uploader.start();
  const away = once(uploader, 'retrying');
  const { stored: first } = await uploader.add(await file(), note('a.ogg'));
  await uploader.add(await file(), note('b.ogg'));
  await away;
  await uploader.drop(({ key }) => key === 'a.ogg');
  await first;
  expect(await uploader.drain(5000)).toBe(true);
  expect([...bucket.objects.keys()]).toEqual(['b.ogg']);
  expect(await readdir(queue())).toEqual([]);
});

test('a file whose storing cannot be written down stays, and is stored again', async () => {
  const bucket = new Bucket();
  let refused = 0;
  const uploader = new Uploader({
    directory: queue(),
    store: bucket,
    onStored: async () => {
      if (refused > 0) return;
      refused += 1;
      throw new PatchbayError('outbox_full', 'The disk is full.');
    },
  });
  await uploader.start();
  const retrying = once(uploader, 'retrying');
  const { stored: receipt } = await uploader.add(await file(), note('a.ogg'));
  await retrying;
  expect(await readdir(queue())).toHaveLength(2);
  await receipt;
  expect(await readdir(queue())).toEqual([]);
  await uploader.drain(1000);
});
