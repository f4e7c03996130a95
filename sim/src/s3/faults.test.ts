import * as aws from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ControlServer, listenForControl } from '../stand-in/control-server.ts';
import type { Clock } from '../time/clock.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { s3ControlApp } from './control.ts';
import { S3Control } from './control-client.ts';
import { globToRegExp } from './faults.ts';
import { S3Server } from './server.ts';

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
let clock: VirtualClock;
/** Resolves when the server waits for the clock. */
let waiting: PromiseWithResolvers<void>;
let server: S3Server;
let port: ControlServer;
let control: S3Control;
let client: aws.S3Client;
let patient: aws.S3Client;

beforeEach(async () => {
  clock = new VirtualClock(Date.now());
  waiting = Promise.withResolvers();
  const watched: Clock = {
    now: () => clock.now(),
    wall: () => clock.wall(),
    at: (instant, work) => clock.at(instant, work),
    after(milliseconds, action) {
      const cancel = clock.after(milliseconds, action);
      waiting.resolve();
      return cancel;
    },
  };
  server = new S3Server({ credentials, buckets: ['box'], clock: watched });
  const endpoint = await server.listen();
  port = await listenForControl(s3ControlApp(server, 'box'));
  control = new S3Control(port.url);
  const clientWith = (maxAttempts: number) =>
    new aws.S3Client({
      endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials,
      maxAttempts,
      retryStrategy: new ImmediateRetries(maxAttempts),
    });
  client = clientWith(1);
  patient = clientWith(3);
});
afterEach(async () => {
  client.destroy();
  patient.destroy();
  await port.close();
  await server.close();
});

/** The client's own judgement of what may be tried again, without its pauses. */
class ImmediateRetries {
  readonly #attempts: number;
  constructor(attempts: number) {
    this.#attempts = attempts;
  }
  async acquireInitialRetryToken() {
    return tokenOf(0);
  }
  async refreshRetryTokenForRetry(token: { getRetryCount(): number }, { errorType }: { errorType: string }) {
    const count = token.getRetryCount() + 1;
    if (count >= this.#attempts || errorType === 'CLIENT_ERROR') throw new Error('no more attempts');
    return tokenOf(count);
  }
  recordSuccess(): void {
    // Nothing is kept between calls.
  }
}
const tokenOf = (count: number) => ({ getRetryCount: () => count, getRetryDelay: () => 0 });

const at = (Key: string) => ({ Bucket: 'box', Key });
const put = (key: string, Body: string | Buffer = 'data', by = client) =>
  by.send(new aws.PutObjectCommand({ ...at(key), Body }));
const get = async (key: string, by = client) => {
  const { Body } = await by.send(new aws.GetObjectCommand(at(key)));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};
const failure = (
  promise: Promise<unknown>,
): Promise<{ name: string; status?: number | undefined; code?: string | undefined }> =>
  promise.then(
    () => ({ name: 'none' }),
    (error: Error & { $metadata?: { httpStatusCode?: number }; code?: string }) => ({
      name: error.name,
      status: error.$metadata?.httpStatusCode,
      code: error.code,
    }),
  );

test('errors come for so many requests that fit by method and key, and the client tries again', async () => {
  await control.addFault({ kind: 'error', code: 'SlowDown', methods: ['PUT'], keys: 'a/*', count: 2 });
  await control.addFault({ kind: 'error', code: 'InternalError', methods: ['GET'], count: 1 });
  await put('b/1');
  expect(await failure(put('a/1'))).toMatchObject({ name: 'SlowDown', status: 503 });
  await put('a/b/2');
  expect((await put('a/1', 'again', patient)).$metadata.attempts).toBe(2);
  expect(await failure(get('a/1'))).toMatchObject({ name: 'InternalError', status: 500 });
  expect((await get('a/1')).toString()).toBe('again');
  expect(await control.faults()).toEqual([]);
  expect(await control.requests()).toEqual({ PUT: 5, GET: 2 });
});

test('a full store takes no object until the rule is taken away', async () => {
  const id = await control.addFault({
    kind: 'error',
    code: 'XMinioStorageFull',
    methods: ['PUT', 'POST'],
    count: null,
  });
  expect(await failure(put('a', 'x', patient))).toMatchObject({ name: 'XMinioStorageFull', status: 507 });
  const [rule] = await control.faults();
  expect(rule).toMatchObject({ id, count: null });
  expect([await control.removeFault(id), await control.removeFault(id)]).toEqual([true, false]);
  await put('a');
});

test('uploads and downloads break in the middle; the client repeats what it can', async () => {
  const data = Buffer.alloc(2_000_000, 'abc');
  await control.addFault({ kind: 'resetUpload', afterBytes: 500_000, count: 1 });
  expect((await failure(put('big', data))).code).toMatch(/ECONNRESET|EPIPE/);
  expect(await control.keys()).toEqual([]);
  await control.addFault({ kind: 'resetUpload', afterBytes: 500_000, count: 1 });
  expect((await put('big', data, patient)).$metadata.attempts).toBe(2);
  await control.addFault({ kind: 'resetDownload', keys: 'big', afterBytes: 700_000, count: 1 });
  // The headers came well, so no attempt is repeated: the body breaks in the reader's hands.
  expect((await failure(get('big', patient))).code).toBe('ECONNRESET');
  expect((await get('big')).equals(data)).toBe(true);
});

test('an ETag can be wrong while what is stored is right', async () => {
  await control.addFault({ kind: 'wrongEtag', count: 1 });
  const { ETag } = await put('a', 'right');
  const stored = await control.read('a');
  expect(Buffer.from(stored.data).toString()).toBe('right');
  expect(ETag).not.toBe(stored.etag);
  expect((await client.send(new aws.HeadObjectCommand(at('a')))).ETag).toBe(stored.etag);
});

test('an object can be damaged at rest; only its bytes tell', async () => {
  await control.addFault({ kind: 'damage', keys: '**/chunks/*', count: 1 });
  const { ETag } = await put('r/1/chunks/a', 'all is well');
  const head = await client.send(new aws.HeadObjectCommand({ ...at('r/1/chunks/a'), ChecksumMode: 'ENABLED' }));
  expect([head.ETag, head.ContentLength]).toEqual([ETag, 11]);
  const { data } = await control.read('r/1/chunks/a');
  expect(Buffer.from(data).toString()).not.toBe('all is well');
  // The client compares with the checksum that is stored.
  await expect(get('r/1/chunks/a')).rejects.toThrow(/[Cc]hecksum/);
  await put('r/1/chunks/a', 'all is well');
  expect((await get('r/1/chunks/a')).toString()).toBe('all is well');
});

test('answers can be slow: late, or with few bytes a second', async () => {
  await control.addFault({ kind: 'slow', delayMs: 4_000, methods: ['PUT'], count: 1 });
  let isDone = false;
  const slow = put('a', Buffer.alloc(100)).then(() => {
    isDone = true;
  });
  await waiting.promise;
  clock.advance(3_999);
  await control.requests();
  expect(isDone).toBe(false);
  clock.advance(1);
  await slow;
  await control.addFault({ kind: 'slow', bytesPerSecond: 500, methods: ['GET'], count: 1 });
  waiting = Promise.withResolvers();
  const { Body } = await client.send(new aws.GetObjectCommand(at('a')));
  const pieces: number[] = [];
  for await (const piece of Body as AsyncIterable<Buffer>) {
    pieces.push(piece.length);
    await waiting.promise;
    waiting = Promise.withResolvers();
    clock.advance(100);
  }
  expect(pieces).toEqual([50, 50]);
});

test('a server that is down breaks every connection until it is up again', async () => {
  await put('a');
  await control.setDown(true);
  expect((await failure(get('a', patient))).code).toMatch(/ECONNRESET|EPIPE/);
  await control.setDown(false);
  expect((await get('a')).toString()).toBe('data');
});

test('control clears, and refuses what is not there with the code of S3', async () => {
  await put('a/1');
  await put('b/1');
  expect(await control.keys({ prefix: 'a' })).toEqual(['a/1']);
  await control.clear();
  expect(await control.keys()).toEqual([]);
  await expect(control.read('a/1')).rejects.toMatchObject({ code: 'NoSuchKey' });
  await expect(control.keys({ bucket: 'none' })).rejects.toMatchObject({ code: 'NoSuchBucket' });
});

test('globs: a star stays within a folder, two do not, and nothing else is special', () => {
  expect(globToRegExp('a/*.ogg').test('a/b.ogg')).toBe(true);
  expect(globToRegExp('a/*.ogg').test('a/b/c.ogg')).toBe(false);
  expect(globToRegExp('**/c.ogg').test('a/b/c.ogg')).toBe(true);
  expect(globToRegExp('a.(b)?').test('a.(b)c')).toBe(true);
  expect(globToRegExp('a.b').test('axb')).toBe(false);
});
