/** What requests do to a bucket and its objects, and the answers in S3's form. */
import type { Bucket } from './bucket.ts';
import { document, element, escapeXml, refusals } from './error.ts';
import { readPayload } from './payload.ts';
import type { Signed } from './signature.ts';
import type { StoredObject } from './store.ts';

export interface Call {
  method: string;
  bucketName: string;
  key: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  body: Buffer;
  signed: Signed;
}

export interface Answer {
  status: number;
  headers?: Record<string, string | number>;
  body?: string | Buffer;
}

/** All but creating and deleting the bucket. */
export async function onBucket(call: Call, bucket: Bucket): Promise<Answer> {
  const { method, query } = call;
  if (method === 'HEAD') return { status: 200 };
  if (method === 'GET' && query.get('list-type') === '2') return listObjects(call, bucket);
  if (method === 'POST' && query.has('delete')) return deleteObjects(call, bucket);
  throw refusals.unsupported(`${method} of a bucket`);
}

export async function onObject(call: Call, bucket: Bucket): Promise<Answer> {
  const { method, key, query, headers } = call;
  const uploadId = query.get('uploadId');
  if (method === 'GET' || method === 'HEAD') return readObject(await bucket.get(key), headers);
  if (method === 'PUT' && uploadId !== null) {
    const payload = readPayload(call.body, headers, call.signed);
    const etag = bucket.putPart(uploadId, key, Number(query.get('partNumber')), payload);
    return { status: 200, headers: { etag, ...checksumHeaders(payload.checksums) } };
  }
  if (method === 'PUT') {
    const object = await bucket.put(key, readPayload(call.body, headers, call.signed), {
      contentType: headers['content-type'] ?? 'binary/octet-stream',
      metadata: metadataOf(headers),
      onlyIfAbsent: headers['if-none-match'] === '*',
      encryption: encryptionOf(headers),
    });
    const said = { ...checksumHeaders(object.checksums), ...object.encryption };
    return { status: 200, headers: { etag: object.etag, ...said } };
  }
  if (method === 'POST' && query.has('uploads')) {
    const type = headers['content-type'] ?? 'binary/octet-stream';
    const id = bucket.beginUpload(key, type, metadataOf(headers), encryptionOf(headers));
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

export function xml(body: string): Answer {
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

const ENCRYPTION = 'x-amz-server-side-encryption';

/** What the request asks of encryption at rest. */
export function encryptionOf(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith(ENCRYPTION)));
}

function checksumHeaders(checksums: Record<string, string> = {}): Record<string, string> {
  const entries = Object.entries(checksums);
  if (entries.length === 0) return {};
  const type = entries.some(([, value]) => value.includes('-')) ? 'COMPOSITE' : 'FULL_OBJECT';
  const named = entries.map(([name, value]) => [`x-amz-checksum-${name}`, value]);
  return { ...Object.fromEntries(named), 'x-amz-checksum-type': type };
}

function readObject(object: StoredObject, headers: Record<string, string>): Answer {
  const common = {
    'accept-ranges': 'bytes',
    'content-type': object.contentType,
    etag: object.etag,
    ...object.encryption,
    'last-modified': new Date(object.modifiedAt).toUTCString(),
    ...Object.fromEntries(Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value])),
  };
  // Of a part of the object the checksum says nothing, so it is left out.
  const isWhole = headers.range === undefined && headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED';
  if (headers['if-none-match'] === object.etag) return { status: 304, headers: common };
  const size = object.data.length;
  const checksums = isWhole ? checksumHeaders(object.checksums) : {};
  const whole = { status: 200, headers: { ...common, ...checksums, 'content-length': size }, body: object.data };
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
  const body = readPayload(call.body, call.headers, call.signed).data.toString('utf8');
  const keys = [...body.matchAll(/<Key>([\s\S]*?)<\/Key>/g)].map(([, key = '']) =>
    key.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&'),
  );
  for (const key of keys) await bucket.remove(key);
  return xml(document('DeleteResult', keys.map((key) => element('Deleted', element('Key', escapeXml(key)))).join('')));
}
