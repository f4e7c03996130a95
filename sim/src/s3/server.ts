/** S3's protocol over HTTP, path style, for one or more buckets and one pair of credentials. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Bucket } from './bucket.ts';
import { document, element, escapeXml, refusals, S3Error } from './error.ts';
import { readPayload } from './payload.ts';
import { type Credentials, checkSignature, type Signed } from './signature.ts';
import { FolderShelf, MemoryShelf, type StoredObject } from './store.ts';

export interface S3ServerOptions {
  credentials: Credentials;
  /** Buckets that exist from the start. */
  buckets: string[];
  /** Folder for the objects; in memory when absent. */
  directory?: string;
  /** Clock for expiry, ms since the epoch. */
  now?: () => number;
}

interface Call {
  method: string;
  bucketName: string;
  key: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  body: Buffer;
  signed: Signed;
}

interface Answer {
  status: number;
  headers?: Record<string, string | number>;
  body?: string | Buffer;
}

/** A body over this is refused; uploads of more go in parts. */
const LARGEST_BODY = 512 * 1024 * 1024;

export class S3Server {
  readonly #options: S3ServerOptions;
  readonly #buckets = new Map<string, Bucket>();
  readonly #server: Server;

  constructor(options: S3ServerOptions) {
    this.#options = options;
    for (const name of options.buckets) this.#createBucket(name);
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : new Error(String(error)));
      });
    });
  }

  /** Listens on the loopback; returns the endpoint's address. */
  async listen(port = 0): Promise<string> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #createBucket(name: string): void {
    const { directory } = this.#options;
    this.#buckets.set(name, new Bucket(directory ? new FolderShelf(`${directory}/${name}`) : new MemoryShelf()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.#handle(await this.#read(request));
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      const body = document('Error', element('Code', error.code) + element('Message', escapeXml(error.message)));
      answer = { status: error.status, headers: { 'content-type': 'application/xml' }, body };
    }
    response.writeHead(answer.status, { 'content-length': Buffer.byteLength(answer.body ?? ''), ...answer.headers });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  }

  async #read(request: IncomingMessage): Promise<Call> {
    const [path = '/', search = ''] = (request.url ?? '/').split(/\?(.*)/s);
    const query = new URLSearchParams(search);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(',') : (value ?? ''),
      ]),
    );
    const method = request.method ?? 'GET';
    const now = this.#options.now?.() ?? Date.now();
    const signed = checkSignature({ method, path, query, headers }, this.#options.credentials, now);
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of request) {
      size += (piece as Buffer).length;
      if (size > LARGEST_BODY)
        throw new S3Error('EntityTooLarge', 400, 'Your proposed upload exceeds the maximum size.');
      pieces.push(piece as Buffer);
    }
    const [, bucketName = '', ...rest] = path.split('/');
    const key = decodeURIComponent(rest.join('/'));
    return {
      method,
      bucketName: decodeURIComponent(bucketName),
      key,
      query,
      headers,
      body: Buffer.concat(pieces),
      signed,
    };
  }

  async #handle(call: Call): Promise<Answer> {
    if (call.bucketName === '') return this.#listBuckets(call);
    if (call.key === '' && call.method === 'PUT') {
      this.#createBucket(call.bucketName);
      return { status: 200, headers: { location: `/${call.bucketName}` } };
    }
    const bucket = this.#buckets.get(call.bucketName);
    if (!bucket) throw refusals.noBucket();
    return call.key === '' ? this.#onBucket(call, bucket) : this.#onObject(call, bucket);
  }

  #listBuckets({ method }: Call): Answer {
    if (method !== 'GET') throw refusals.unsupported(method);
    const names = [...this.#buckets.keys()].map((name) => element('Bucket', element('Name', escapeXml(name)))).join('');
    return xml(document('ListAllMyBucketsResult', element('Buckets', names)));
  }

  async #onBucket(call: Call, bucket: Bucket): Promise<Answer> {
    const { method, query } = call;
    if (method === 'HEAD') return { status: 200 };
    if (method === 'GET' && query.get('list-type') === '2') return listObjects(call, bucket);
    if (method === 'POST' && query.has('delete')) return deleteObjects(call, bucket);
    if (method === 'DELETE') {
      this.#buckets.delete(call.bucketName);
      return { status: 204 };
    }
    throw refusals.unsupported(`${method} of a bucket`);
  }

  async #onObject(call: Call, bucket: Bucket): Promise<Answer> {
    const { method, key, query, headers } = call;
    const uploadId = query.get('uploadId');
    if (method === 'GET' || method === 'HEAD') return readObject(await bucket.get(key), headers);
    if (method === 'PUT' && uploadId !== null) {
      const data = readPayload(call.body, headers, call.signed);
      return { status: 200, headers: { etag: bucket.putPart(uploadId, key, Number(query.get('partNumber')), data) } };
    }
    if (method === 'PUT') {
      const object = await bucket.put(key, readPayload(call.body, headers, call.signed), {
        contentType: headers['content-type'] ?? 'binary/octet-stream',
        metadata: metadataOf(headers),
        onlyIfAbsent: headers['if-none-match'] === '*',
      });
      return { status: 200, headers: { etag: object.etag } };
    }
    if (method === 'POST' && query.has('uploads')) {
      const id = bucket.beginUpload(key, headers['content-type'] ?? 'binary/octet-stream', metadataOf(headers));
      const names = element('Bucket', escapeXml(call.bucketName)) + element('Key', escapeXml(key));
      return xml(document('InitiateMultipartUploadResult', names + element('UploadId', id)));
    }
    if (method === 'POST' && uploadId !== null) {
      const parts = [...call.body.toString('utf8').matchAll(/<Part>([\s\S]*?)<\/Part>/g)].map(([, part = '']) => ({
        number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
        etag: (/<ETag>(.*?)</.exec(part)?.[1] ?? '').replaceAll('&quot;', '"'),
      }));
      const object = await bucket.completeUpload(uploadId, key, parts);
      return xml(
        document(
          'CompleteMultipartUploadResult',
          element('Key', escapeXml(key)) + element('ETag', escapeXml(object.etag)),
        ),
      );
    }
    if (method === 'DELETE') {
      if (uploadId !== null) bucket.abortUpload(uploadId, key);
      else await bucket.remove(key);
      return { status: 204 };
    }
    throw refusals.unsupported(`${method} of an object`);
  }
}

function xml(body: string): Answer {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}

function metadataOf(headers: Record<string, string>): Record<string, string> {
  const prefix = 'x-amz-meta-';
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}

function readObject(object: StoredObject, headers: Record<string, string>): Answer {
  const common = {
    'accept-ranges': 'bytes',
    'content-type': object.contentType,
    etag: object.etag,
    'last-modified': new Date(object.modifiedAt).toUTCString(),
    ...Object.fromEntries(Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value])),
  };
  if (headers['if-none-match'] === object.etag) return { status: 304, headers: common };
  const size = object.data.length;
  const whole = { status: 200, headers: { ...common, 'content-length': size }, body: object.data };
  const match = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '');
  if (!match) return whole;
  const [, first = '', last = ''] = match;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(size - 1, Number(last));
  if (start > end) throw refusals.range();
  const body = object.data.subarray(start, end + 1);
  const range = { 'content-length': body.length, 'content-range': `bytes ${start}-${end}/${size}` };
  return { status: 206, headers: { ...common, ...range }, body };
}

async function listObjects({ bucketName, query }: Call, bucket: Bucket): Promise<Answer> {
  const limit = Math.min(1000, Number(query.get('max-keys') ?? 1000));
  if (!Number.isInteger(limit) || limit < 0) throw refusals.malformed('max-keys must be 0 to 1000.');
  const token = query.get('continuation-token');
  const prefix = query.get('prefix') ?? '';
  const after = token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString('utf8');
  const { objects, prefixes, next } = await bucket.list({
    prefix,
    delimiter: query.get('delimiter') ?? '',
    after,
    limit,
  });
  const contents = objects.map(({ key, object }) =>
    element(
      'Contents',
      element('Key', escapeXml(key)) +
        element('LastModified', new Date(object.modifiedAt).toISOString()) +
        element('ETag', escapeXml(object.etag)) +
        element('Size', object.data.length) +
        element('StorageClass', 'STANDARD'),
    ),
  );
  const common = prefixes.map((name) => element('CommonPrefixes', element('Prefix', escapeXml(name))));
  const head =
    element('Name', escapeXml(bucketName)) +
    element('Prefix', escapeXml(prefix)) +
    element('KeyCount', objects.length + prefixes.length) +
    element('MaxKeys', limit) +
    element('IsTruncated', String(next !== undefined)) +
    (next === undefined ? '' : element('NextContinuationToken', Buffer.from(next).toString('base64url')));
  return xml(document('ListBucketResult', head + contents.join('') + common.join('')));
}

async function deleteObjects(call: Call, bucket: Bucket): Promise<Answer> {
  const body = readPayload(call.body, call.headers, call.signed).toString('utf8');
  const keys = [...body.matchAll(/<Key>([\s\S]*?)<\/Key>/g)].map(([, key = '']) =>
    key.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&'),
  );
  for (const key of keys) await bucket.remove(key);
  return xml(document('DeleteResult', keys.map((key) => element('Deleted', element('Key', escapeXml(key)))).join('')));
}
