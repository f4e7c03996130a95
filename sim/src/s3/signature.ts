/**
 * AWS Signature Version 4, checked: by header and by presigned query.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { refusals } from './error.ts';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface IncomingHead {
  method: string;
  /** Path as it came, still percent-encoded. */
  path: string;
  query: URLSearchParams;
  headers: Record<string, string>;
}

export interface Signed {
  /** As named by the client: a hash in hex, `UNSIGNED-PAYLOAD`, or one of the `STREAMING-…` values. */
  payloadHash: string;
  /** What chunk signatures continue from. */
  signature: string;
  scope: string;
  date: string;
  signingKey: Buffer;
}

/** Requests may be so far from our clock. ms. */
const MAX_SKEW_MS = 15 * 60 * 1000;
const LONGEST_EXPIRY_S = 7 * 24 * 3600;

export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** RFC 3986 as AWS wants it: everything but unreserved characters, upper-case hex. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([left, leftValue], [right, rightValue]) =>
      left === right ? (leftValue < rightValue ? -1 : 1) : left < right ? -1 : 1,
    )
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function parseDate(date: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (!match) throw refusals.malformed('X-Amz-Date must be of the form 20260101T000000Z.');
  const [year = 0, month = 1, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

interface Claim {
  credential: string;
  signedHeaders: string[];
  signature: string;
  date: string;
  payloadHash: string;
  /** Seconds; only of presigned requests. */
  expires?: number;
}

function claimOf({ query, headers }: IncomingHead): Claim {
  if (query.has('X-Amz-Signature')) {
    if (query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256')
      throw refusals.malformed('The algorithm must be AWS4-HMAC-SHA256.');
    return {
      credential: query.get('X-Amz-Credential') ?? '',
      signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
      signature: query.get('X-Amz-Signature') ?? '',
      date: query.get('X-Amz-Date') ?? '',
      payloadHash: 'UNSIGNED-PAYLOAD',
      expires: Number(query.get('X-Amz-Expires')),
    };
  }
  const authorization = headers.authorization;
  if (!authorization) throw refusals.accessDenied('Anonymous access is not allowed; sign the request.');
  const match = /^AWS4-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]+)$/.exec(
    authorization,
  );
  if (!match) throw refusals.malformed('The Authorization header is malformed.');
  const payloadHash = headers['x-amz-content-sha256'];
  if (!payloadHash) throw refusals.malformed('x-amz-content-sha256 is missing.');
  const [, credential = '', signedHeaders = '', signature = ''] = match;
  return {
    credential,
    signedHeaders: signedHeaders.split(';'),
    signature,
    date: headers['x-amz-date'] ?? '',
    payloadHash,
  };
}

function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * Checks who sent a request, and that nothing of it was changed.
 *
 * @throws {S3Error} as S3 does: wrong key, wrong signature, stale, expired, anonymous.
 */
export function checkSignature(head: IncomingHead, credentials: Credentials, now: number): Signed {
  const claim = claimOf(head);
  const [accessKeyId, day = '', region = '', service, terminator] = claim.credential.split('/');
  if (accessKeyId !== credentials.accessKeyId) throw refusals.invalidKey();
  if (service !== 's3' || terminator !== 'aws4_request')
    throw refusals.malformed('The credential scope must end in s3/aws4_request.');
  const at = parseDate(claim.date);
  if (!claim.date.startsWith(day)) throw refusals.signature();
  if (claim.expires === undefined) {
    if (Math.abs(now - at) > MAX_SKEW_MS) throw refusals.skewed();
  } else {
    if (!(claim.expires >= 1 && claim.expires <= LONGEST_EXPIRY_S))
      throw refusals.malformed('X-Amz-Expires must be 1 to 604800.');
    if (now > at + claim.expires * 1000) throw refusals.accessDenied('Request has expired.');
    if (at > now + MAX_SKEW_MS) throw refusals.accessDenied('Request is not yet valid.');
  }
  if (!claim.signedHeaders.includes('host')) throw refusals.malformed('The host header must be signed.');
  const canonical = [
    head.method,
    head.path,
    canonicalQuery(head.query),
    ...claim.signedHeaders.map((name) => `${name}:${(head.headers[name] ?? '').trim().replace(/\s+/g, ' ')}`),
    '',
    claim.signedHeaders.join(';'),
    claim.payloadHash,
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const signingKey = hmac(hmac(hmac(hmac(`AWS4${credentials.secretAccessKey}`, day), region), 's3'), 'aws4_request');
  const expected = hmac(signingKey, ['AWS4-HMAC-SHA256', claim.date, scope, sha256(canonical)].join('\n')).toString(
    'hex',
  );
  if (!sameText(expected, claim.signature)) throw refusals.signature();
  return { payloadHash: claim.payloadHash, signature: claim.signature, scope, date: claim.date, signingKey };
}

/** The signature of one chunk of a signed stream, which continues from the one before it. */
export function chunkSignature(signed: Signed, previous: string, data: Uint8Array): string {
  const text = ['AWS4-HMAC-SHA256-PAYLOAD', signed.date, signed.scope, previous, sha256(''), sha256(data)].join('\n');
  return hmac(signed.signingKey, text).toString('hex');
}
