import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PatchbayError } from '@patchbay/shared/errors';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type PutsObjects, Uploader } from './uploader.ts';

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

  async put(key: string, body: Uint8Array): Promise<void> {
    if (this.refusals > 0) {
      this.refusals -= 1;
      throw new PatchbayError('object_not_stored', 'The bucket is away.');
    }
    this.objects.set(key, Buffer.from(body).toString());
  }
}

const queue = () => join(directory, 'queue');

test('uploads, tells, and only then deletes the local file', async () => {
  const bucket = new Bucket();
  const uploader = new Uploader({ directory: queue(), store: bucket });
  await uploader.start();
  const stored = once(uploader, 'stored');
  await uploader.add(await file(), note('a.ogg'));
  expect((await stored)[0]).toMatchObject({ key: 'a.ogg', bytes: 5, context: { sessionId: 'S' } });
  expect(await uploader.drain(5000)).toBe(true);
  expect(bucket.objects.get('a.ogg')).toBe('audio');
  expect(await readdir(queue())).toEqual([]);
});

test('a refused upload is tried again and nothing is deleted meanwhile', async () => {
  const bucket = new Bucket();
  bucket.refusals = 1;
  const uploader = new Uploader({ directory: queue(), store: bucket });
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
  const first = new Uploader({ directory: queue(), store: away });
  await first.start();
  await first.add(await file(), note('a.ogg'));
  expect(await first.drain(10)).toBe(false);
  const bucket = new Bucket();
  const second = new Uploader({ directory: queue(), store: bucket });
  expect(await second.start()).toBe(1);
  expect(await second.drain(5000)).toBe(true);
  expect(bucket.objects.get('a.ogg')).toBe('audio');
});
