import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import * as aws from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realClock } from '../time/clock.ts';
import { S3Server } from './server.ts';

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
let server: S3Server;
let endpoint: string;
let client: aws.S3Client;
/** The server's clock, where a test sets it. */
let now: number | undefined;

const clientWith = (options: Partial<aws.S3ClientConfig> = {}) =>
  new aws.S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials, maxAttempts: 1, ...options });

beforeEach(async () => {
  now = undefined;
  server = new S3Server({ credentials, buckets: ['box'], clock: { ...realClock, wall: () => now ?? Date.now() } });
  endpoint = await server.listen();
  client = clientWith();
});
afterEach(async () => {
  client.destroy();
  await server.close();
});

const at = (Key: string) => ({ Bucket: 'box', Key });
const bodyOf = async (output: aws.GetObjectCommandOutput) =>
  Buffer.from((await output.Body?.transformToByteArray()) ?? []);
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: Error) => error.name,
  );

test('stores bytes with their type and metadata, and gives them back whole or in ranges', async () => {
  const Body = Buffer.from('0123456789');
  await client.send(
    new aws.PutObjectCommand({ ...at('a/b c+d.txt'), Body, ContentType: 'text/plain', Metadata: { 'user-id': '7' } }),
  );
  const head = await client.send(new aws.HeadObjectCommand(at('a/b c+d.txt')));
  expect(head).toMatchObject({ ContentLength: 10, ContentType: 'text/plain', Metadata: { 'user-id': '7' } });
  expect(head.ETag).toBe(`"${createHash('md5').update(Body).digest('hex')}"`);
  expect(await bodyOf(await client.send(new aws.GetObjectCommand(at('a/b c+d.txt'))))).toEqual(Body);
  const part = await client.send(new aws.GetObjectCommand({ ...at('a/b c+d.txt'), Range: 'bytes=2-4' }));
  expect((await bodyOf(part)).toString()).toBe('234');
  const tail = await client.send(new aws.GetObjectCommand({ ...at('a/b c+d.txt'), Range: 'bytes=-3' }));
  expect((await bodyOf(tail)).toString()).toBe('789');
  expect(await codeOf(client.send(new aws.GetObjectCommand({ ...at('a/b c+d.txt'), Range: 'bytes=99-' })))).toBe(
    'InvalidRange',
  );
});

test('a streamed body with a CRC32 trailer arrives without its framing', async () => {
  const data = Buffer.alloc(300_000, 'abc');
  const Body = Readable.from([data.subarray(0, 70_000), data.subarray(70_000)]);
  await client.send(new aws.PutObjectCommand({ ...at('stream'), Body, ContentLength: data.length }));
  expect((await bodyOf(await client.send(new aws.GetObjectCommand(at('stream'))))).equals(data)).toBe(true);
});

test('wrong digests are refused and nothing is stored', async () => {
  const wrong = Buffer.alloc(32).toString('base64');
  const put = (more: object) => codeOf(client.send(new aws.PutObjectCommand({ ...at('x'), Body: 'data', ...more })));
  expect(await put({ ChecksumSHA256: wrong })).toBe('BadDigest');
  expect(await put({ ChecksumCRC32: 'AAAAAA==' })).toBe('BadDigest');
  expect(await put({ ContentMD5: createHash('md5').update('other').digest('base64') })).toBe('BadDigest');
  expect(await codeOf(client.send(new aws.HeadObjectCommand(at('x'))))).toBe('NotFound');
});

test('wrong secret, wrong key, stale clock and anonymous requests are refused', async () => {
  const list = (other: aws.S3Client) => codeOf(other.send(new aws.ListObjectsV2Command({ Bucket: 'box' })));
  expect(await list(clientWith({ credentials: { ...credentials, secretAccessKey: 'guess' } }))).toBe(
    'SignatureDoesNotMatch',
  );
  expect(await list(clientWith({ credentials: { ...credentials, accessKeyId: 'other' } }))).toBe('InvalidAccessKeyId');
  expect(await list(clientWith({ systemClockOffset: -20 * 60_000 }))).toBe('RequestTimeTooSkewed');
  const anonymous = await fetch(`${endpoint}/box/a`);
  expect(anonymous.status).toBe(403);
  expect(await anonymous.text()).toContain('<Code>AccessDenied</Code>');
});

test('a request that was changed on the way is refused', async () => {
  const tampering = clientWith();
  tampering.middlewareStack.add(
    (next) => async (args) => {
      const request = args.request as { path: string };
      request.path = request.path.replace('mine', 'yours');
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  expect(await codeOf(tampering.send(new aws.PutObjectCommand({ ...at('mine'), Body: 'x' })))).toBe(
    'SignatureDoesNotMatch',
  );
});

test('multipart: parts become one object; small parts, wrong order and aborted uploads are refused', async () => {
  const { UploadId } = await client.send(
    new aws.CreateMultipartUploadCommand({ ...at('big'), Metadata: { kind: 'master' } }),
  );
  const upload = { ...at('big'), UploadId };
  const big = Buffer.alloc(5 * 1024 * 1024, 'p');
  const first = await client.send(new aws.UploadPartCommand({ ...upload, PartNumber: 1, Body: big }));
  const second = await client.send(new aws.UploadPartCommand({ ...upload, PartNumber: 2, Body: 'tail' }));
  const parts = [
    { PartNumber: 1, ETag: first.ETag },
    { PartNumber: 2, ETag: second.ETag },
  ];
  const complete = (Parts: aws.CompletedPart[]) =>
    client.send(new aws.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
  expect(await codeOf(complete([...parts].reverse()))).toBe('InvalidPartOrder');
  expect(await codeOf(complete([{ PartNumber: 3, ETag: '"0"' }]))).toBe('InvalidPart');
  expect((await complete(parts)).ETag).toMatch(/-2"$/);
  const head = await client.send(new aws.HeadObjectCommand(at('big')));
  expect(head).toMatchObject({ ContentLength: big.length + 4, Metadata: { kind: 'master' } });

  const other = await client.send(new aws.CreateMultipartUploadCommand(at('small')));
  const small = { ...at('small'), UploadId: other.UploadId };
  const one = await client.send(new aws.UploadPartCommand({ ...small, PartNumber: 1, Body: 'a' }));
  const two = await client.send(new aws.UploadPartCommand({ ...small, PartNumber: 2, Body: 'b' }));
  const MultipartUpload = {
    Parts: [
      { PartNumber: 1, ETag: one.ETag },
      { PartNumber: 2, ETag: two.ETag },
    ],
  };
  expect(await codeOf(client.send(new aws.CompleteMultipartUploadCommand({ ...small, MultipartUpload })))).toBe(
    'EntityTooSmall',
  );
  await client.send(new aws.AbortMultipartUploadCommand(small));
  expect(await codeOf(client.send(new aws.UploadPartCommand({ ...small, PartNumber: 1, Body: 'a' })))).toBe(
    'NoSuchUpload',
  );
});

test('listing goes page by page, by prefix and by folder; deleting takes many', async () => {
  for (const key of ['a/1', 'a/2', 'a/b/3', 'c', 'ü & <x>'])
    await client.send(new aws.PutObjectCommand({ ...at(key), Body: key }));
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const page = await client.send(
      new aws.ListObjectsV2Command({ Bucket: 'box', MaxKeys: 2, ContinuationToken: token }),
    );
    keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
    token = page.NextContinuationToken;
  } while (token !== undefined);
  expect(keys).toEqual(['a/1', 'a/2', 'a/b/3', 'c', 'ü & <x>']);
  const folder = await client.send(new aws.ListObjectsV2Command({ Bucket: 'box', Prefix: 'a/', Delimiter: '/' }));
  expect(folder.Contents?.map(({ Key }) => Key)).toEqual(['a/1', 'a/2']);
  expect(folder.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['a/b/']);
  const Objects = ['a/1', 'ü & <x>'].map((Key) => ({ Key }));
  await client.send(new aws.DeleteObjectsCommand({ Bucket: 'box', Delete: { Objects } }));
  await client.send(new aws.DeleteObjectCommand(at('c')));
  expect((await client.send(new aws.ListObjectsV2Command({ Bucket: 'box' }))).KeyCount).toBe(2);
});

test('IfNoneMatch keeps what is there; missing buckets and keys have their codes', async () => {
  await client.send(new aws.PutObjectCommand({ ...at('once'), Body: '1', IfNoneMatch: '*' }));
  expect(await codeOf(client.send(new aws.PutObjectCommand({ ...at('once'), Body: '2', IfNoneMatch: '*' })))).toBe(
    'PreconditionFailed',
  );
  expect(await codeOf(client.send(new aws.GetObjectCommand(at('none'))))).toBe('NoSuchKey');
  expect(await codeOf(client.send(new aws.ListObjectsV2Command({ Bucket: 'none' })))).toBe('NoSuchBucket');
});

test('on disk, objects outlive the server', async () => {
  const directory = await mkdtemp(join(tmpdir(), 's3-'));
  const first = new S3Server({ credentials, buckets: ['box'], directory });
  const one = clientWith({ endpoint: await first.listen() });
  await one.send(new aws.PutObjectCommand({ ...at('../escape'), Body: 'kept' }));
  await first.close();
  const second = new S3Server({ credentials, buckets: ['box'], directory });
  const two = clientWith({ endpoint: await second.listen() });
  expect((await bodyOf(await two.send(new aws.GetObjectCommand(at('../escape'))))).toString()).toBe('kept');
  await second.close();
  await rm(directory, { recursive: true });
});

test('presigned addresses open one object for a while, and nothing else', async () => {
  await client.send(new aws.PutObjectCommand({ ...at('mine'), Body: 'data' }));
  const url = await getSignedUrl(client, new aws.GetObjectCommand(at('mine')), { expiresIn: 60 });
  expect(await (await fetch(url)).text()).toBe('data');
  expect((await fetch(url.replace('/mine', '/yours'))).status).toBe(403);
  expect((await fetch(url.replace('X-Amz-Expires=60', 'X-Amz-Expires=6000'))).status).toBe(403);
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(403);
  now = Date.now() + 61_000;
  const late = await fetch(url);
  expect([late.status, await late.text()]).toEqual([403, expect.stringContaining('Request has expired.')]);
  const upload = await getSignedUrl(client, new aws.PutObjectCommand(at('new')), {
    expiresIn: 60,
    signingDate: new Date(now),
  });
  expect((await fetch(upload, { method: 'PUT', body: 'new data' })).status).toBe(200);
});

test('HEAD says the checksums that came with the upload, of objects made of parts too', async () => {
  const ChecksumMode = 'ENABLED';
  const head = (key: string) => client.send(new aws.HeadObjectCommand({ ...at(key), ChecksumMode }));
  const sha256 = createHash('sha256').update('data').digest('base64');
  await client.send(new aws.PutObjectCommand({ ...at('one'), Body: 'data', ChecksumSHA256: sha256 }));
  expect(await head('one')).toMatchObject({ ChecksumSHA256: sha256, ChecksumType: 'FULL_OBJECT' });
  await client.send(new aws.PutObjectCommand({ ...at('two'), Body: 'data' }));
  expect((await head('two')).ChecksumCRC32).toBe('rfPzYw==');
  expect((await client.send(new aws.HeadObjectCommand(at('two')))).ChecksumCRC32).toBeUndefined();
  const { UploadId } = await client.send(
    new aws.CreateMultipartUploadCommand({ ...at('parts'), ChecksumAlgorithm: 'CRC32' }),
  );
  const upload = { ...at('parts'), UploadId };
  const part = await client.send(
    new aws.UploadPartCommand({ ...upload, PartNumber: 1, Body: 'data', ChecksumAlgorithm: 'CRC32' }),
  );
  const Parts = [{ PartNumber: 1, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32 }];
  await client.send(new aws.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
  expect((await head('parts')).ChecksumCRC32).toMatch(/^.{8}-1$/);
  expect((await bodyOf(await client.send(new aws.GetObjectCommand(at('parts'))))).toString()).toBe('data');
});

test('a bucket that exists is not made anew, and one with objects in it is not deleted', async () => {
  await client.send(new aws.PutObjectCommand({ ...at('kept'), Body: 'data' }));
  const create = (Bucket: string) => codeOf(client.send(new aws.CreateBucketCommand({ Bucket })));
  const remove = (Bucket: string) => codeOf(client.send(new aws.DeleteBucketCommand({ Bucket })));
  expect(await create('box')).toBe('BucketAlreadyOwnedByYou');
  expect(await remove('box')).toBe('BucketNotEmpty');
  expect((await client.send(new aws.ListObjectsV2Command({ Bucket: 'box' }))).KeyCount).toBe(1);
  expect([await create('other'), await remove('other'), await remove('other')]).toEqual([
    'none',
    'none',
    'NoSuchBucket',
  ]);
});
