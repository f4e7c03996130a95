/** The body of an upload: unpacked from `aws-chunked`, and checked against every digest that came with it. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { refusals } from './error.ts';
import { chunkSignature, type Signed, sha256 } from './signature.ts';

const digests: Record<string, (data: Uint8Array) => string> = {
  crc32: (data) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(crc32(data));
    return bytes.toString('base64');
  },
  sha1: (data) => createHash('sha1').update(data).digest('base64'),
  sha256: (data) => createHash('sha256').update(data).digest('base64'),
};

interface Unpacked {
  data: Buffer;
  trailers: Record<string, string>;
}

/** Takes `size;chunk-signature=…\r\n data \r\n` chunks apart; signed ones are checked one by one. */
function unpackChunks(body: Buffer, signed: Signed): Unpacked {
  const isSigned = signed.payloadHash.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD');
  const pieces: Buffer[] = [];
  let previous = signed.signature;
  let offset = 0;
  for (;;) {
    const end = body.indexOf('\r\n', offset);
    if (end < 0) throw refusals.malformed('The chunked body ends in the middle.');
    const [sizeText = '', extension = ''] = body.toString('latin1', offset, end).split(';');
    const size = Number.parseInt(sizeText, 16);
    if (!/^[0-9a-fA-F]+$/.test(sizeText)) throw refusals.malformed('A chunk has no size.');
    const data = body.subarray(end + 2, end + 2 + size);
    if (data.length < size) throw refusals.malformed('A chunk is shorter than it says.');
    if (isSigned) {
      const expected = chunkSignature(signed, previous, data);
      if (extension !== `chunk-signature=${expected}`) throw refusals.signature();
      previous = expected;
    }
    offset = end + 2 + size;
    if (size === 0) return { data: Buffer.concat(pieces), trailers: readTrailers(body.toString('latin1', offset)) };
    pieces.push(data);
    offset += 2;
  }
}

function readTrailers(text: string): Record<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase().trim(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
}

export interface Payload {
  data: Buffer;
  /** What came with it and was found right: algorithm (`crc32`, …) → base64. */
  checksums: Record<string, string>;
}

/** Algorithms of S3 that are not computed here. */
const UNKNOWN_DIGESTS = ['crc32c', 'crc64nvme'];

/** The checksum of checksums that S3 gives an object made of parts, by algorithm: `<base64>-<parts>`. */
export function compositeChecksums(parts: readonly Record<string, string>[]): Record<string, string> {
  const composite: Record<string, string> = {};
  for (const [name, digest] of Object.entries(digests)) {
    const raw = parts.map((checksums) => checksums[name]).filter((checksum) => checksum !== undefined);
    if (raw.length !== parts.length) continue;
    composite[name] = `${digest(Buffer.concat(raw.map((each) => Buffer.from(each, 'base64'))))}-${parts.length}`;
  }
  return composite;
}

/**
 * The object's bytes.
 *
 * @throws {S3Error} `BadDigest` and the like: nothing is stored that did not arrive as it was sent.
 */
export function readPayload(body: Buffer, headers: Record<string, string>, signed: Signed): Payload {
  const streaming = signed.payloadHash.startsWith('STREAMING-');
  const { data, trailers } = streaming
    ? unpackChunks(body, signed)
    : { data: body, trailers: {} as Record<string, string> };
  if (!streaming && signed.payloadHash !== 'UNSIGNED-PAYLOAD' && signed.payloadHash !== sha256(data)) {
    throw refusals.badDigest('x-amz-content-sha256');
  }
  const decodedLength = headers['x-amz-decoded-content-length'];
  if (streaming && decodedLength !== undefined && Number(decodedLength) !== data.length) {
    throw refusals.malformed('x-amz-decoded-content-length does not fit the chunks.');
  }
  const promised = headers['x-amz-trailer'];
  if (promised && trailers[promised.toLowerCase()] === undefined)
    throw refusals.malformed(`The trailer ${promised} is missing.`);
  const given = (name: string) => trailers[`x-amz-checksum-${name}`] ?? headers[`x-amz-checksum-${name}`];
  const checksums: Record<string, string> = {};
  for (const [name, digest] of Object.entries(digests)) {
    const checksum = given(name);
    if (checksum === undefined) continue;
    if (checksum !== digest(data)) throw refusals.badDigest(`${name} checksum`);
    checksums[name] = checksum;
  }
  for (const name of UNKNOWN_DIGESTS) if (given(name) !== undefined) throw refusals.unsupported(`The checksum ${name}`);
  const md5 = headers['content-md5'];
  if (md5 !== undefined && md5 !== createHash('md5').update(data).digest('base64'))
    throw refusals.badDigest('Content-MD5');
  return { data, checksums };
}
