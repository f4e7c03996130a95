/** Reads Ogg Opus files piece by piece: the packets of hours in the memory of a page. */
import { createReadStream } from 'node:fs';
import { PatchbayError } from '@patchbay/shared/errors';
import { readComments } from './ogg-opus.ts';

const HEADER_BYTES = 27;
/** Bytes read at a time. A page is 65,307 at most. */
const PIECE_BYTES = 1 << 16;

/**
 * The packets of a file, the two headers left out. Checksums of pages are not looked at: whoever fetched the file compared its
 * SHA-256.
 *
 * @throws {PatchbayError} `ogg_malformed`
 */
export async function* oggPackets(path: string): AsyncGenerator<Uint8Array, void> {
  let index = 0;
  for await (const packet of allPackets(path)) {
    index += 1;
    if (index > 2) yield packet;
  }
}

/**
 * The Vorbis comments of a file, by name.
 *
 * @throws {PatchbayError} `ogg_malformed`
 */
export async function oggComments(path: string): Promise<Record<string, string>> {
  let index = 0;
  for await (const packet of allPackets(path)) {
    index += 1;
    if (index === 2) return readComments(Buffer.from(packet));
  }
  throw new PatchbayError('ogg_malformed', `${path} ends before its header does.`);
}

async function* allPackets(path: string): AsyncGenerator<Uint8Array, void> {
  let bytes: Buffer = Buffer.alloc(0);
  let partial: Uint8Array[] = [];
  for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) {
    bytes = bytes.length > 0 ? Buffer.concat([bytes, piece as Buffer]) : (piece as Buffer);
    let offset = 0;
    for (;;) {
      const page = pageAt(bytes, offset, path);
      if (!page) break;
      let at = page.body;
      for (const size of page.lacing) {
        partial.push(bytes.subarray(at, at + size));
        at += size;
        if (size === 255) continue;
        const packet = partial.length === 1 && partial[0] ? partial[0] : Buffer.concat(partial);
        partial = [];
        yield packet;
      }
      // What is carried over to the next page must outlive the piece.
      partial = partial.map((part) => Buffer.from(part));
      offset = page.end;
    }
    bytes = bytes.subarray(offset);
  }
}

function pageAt(
  bytes: Buffer,
  offset: number,
  path: string,
): { body: number; end: number; lacing: Uint8Array } | undefined {
  if (offset + HEADER_BYTES > bytes.length) return undefined;
  if (bytes.toString('latin1', offset, offset + 4) !== 'OggS') {
    throw new PatchbayError('ogg_malformed', `${path} is not a whole Ogg file.`);
  }
  const body = offset + HEADER_BYTES + (bytes[offset + 26] ?? 0);
  if (body > bytes.length) return undefined;
  const lacing = bytes.subarray(offset + HEADER_BYTES, body);
  const end = body + lacing.reduce((sum, size) => sum + size, 0);
  return end > bytes.length ? undefined : { body, end, lacing };
}
