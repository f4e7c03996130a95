/**
 * Reads Ogg Opus files piece by piece: the packets of hours in the memory of a page. Reading is synchronous, a piece at a time: for
 * hundreds of thousands of packets, waiting for each would cost more than all the rest.
 */
import { closeSync, openSync, readSync } from 'node:fs';
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
export function* oggPackets(path: string): Generator<Uint8Array, void> {
  let index = 0;
  for (const packet of allPackets(path)) {
    index += 1;
    if (index > 2) yield packet;
  }
}

/**
 * The Vorbis comments of a file, by name.
 *
 * @throws {PatchbayError} `ogg_malformed`
 */
export function oggComments(path: string): Record<string, string> {
  let index = 0;
  for (const packet of allPackets(path)) {
    index += 1;
    if (index === 2) return readComments(Buffer.from(packet));
  }
  throw new PatchbayError('ogg_malformed', `${path} ends before its header does.`);
}

function* allPackets(path: string): Generator<Uint8Array, void> {
  const file = openSync(path, 'r');
  try {
    let rest: Buffer = Buffer.alloc(0);
    let partial: Uint8Array[] = [];
    for (;;) {
      // A buffer of its own for each piece: packets that were given stay as they are.
      const bytes = Buffer.allocUnsafe(rest.length + PIECE_BYTES);
      bytes.set(rest);
      const read = readSync(file, bytes, rest.length, PIECE_BYTES, null);
      if (read === 0) return;
      const filled = bytes.subarray(0, rest.length + read);
      let offset = 0;
      for (let page = pageAt(filled, offset, path); page; page = pageAt(filled, offset, path)) {
        let at = page.body;
        for (const size of page.lacing) {
          partial.push(filled.subarray(at, at + size));
          at += size;
          if (size === 255) continue;
          const packet = partial.length === 1 && partial[0] ? partial[0] : Buffer.concat(partial);
          partial = [];
          yield packet;
        }
        offset = page.end;
      }
      rest = filled.subarray(offset);
    }
  } finally {
    closeSync(file);
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
