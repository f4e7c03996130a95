/** Ogg Opus files (RFC 3533, RFC 7845): one stereo stream at 48 kHz, packets of 20 ms. Pure: bytes in, bytes out. */
import { PatchbayError } from '@patchbay/shared/errors';
import { FRAME_SAMPLES, SAMPLE_RATE } from './packet.ts';

const HEADER_BYTES = 27;
/** Encoder delay of libopus in samples at 48 kHz: players cut so much from the start. */
export const PRE_SKIP = 312;
/** Packets in one page: 200 ms, so that a torn file loses no more than that. */
const PACKETS_PER_PAGE = 10;

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value >>> 0;
});

/** The checksum of a page (RFC 3533 §6): polynomial 04C11DB7, no reflection, start 0. */
function checksum(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = ((value << 8) ^ (crcTable[((value >>> 24) ^ byte) & 0xff] ?? 0)) >>> 0;
  return value;
}

const flags = { none: 0, continued: 1, first: 2, last: 4 } as const;
/** A page holds so many segments of 255 bytes. */
const MAX_SEGMENTS = 255;
/** A page that ends no packet carries this granule position (RFC 3533 §6). */
const NO_PACKET_ENDS = -1n;

/** Frames packets into pages. Append what it returns to the file, in order. */
export class OggOpusWriter {
  readonly #serial: number;
  readonly #packetsPerPage: number;
  #pageSequence = 0;
  #granule = 0;
  #waiting: Uint8Array[] = [];

  /**
   * @param serial 32-bit number of the stream; any, but another one for another track
   * @param packetsPerPage a torn file loses one page: 200 ms by default
   */
  constructor(serial: number, packetsPerPage: number = PACKETS_PER_PAGE) {
    this.#serial = serial >>> 0;
    this.#packetsPerPage = packetsPerPage;
  }

  /** Packets given so far, waiting ones included; 20 ms each. */
  get packets(): number {
    return this.#granule / FRAME_SAMPLES + this.#waiting.length;
  }

  /** The two header pages. `comments` become Vorbis comments such as `TITLE=…`. */
  header(comments: Record<string, string>): Buffer {
    const head = Buffer.alloc(19);
    head.write('OpusHead', 0, 'latin1');
    head[8] = 1;
    head[9] = 2;
    head.writeUInt16LE(PRE_SKIP, 10);
    head.writeUInt32LE(SAMPLE_RATE, 12);
    const fields = Object.entries(comments).map(([name, value]) => lengthPrefixed(`${name}=${value}`));
    const count = Buffer.alloc(4);
    count.writeUInt32LE(fields.length);
    const tags = Buffer.concat([Buffer.from('OpusTags', 'latin1'), lengthPrefixed('patchbay'), count, ...fields]);
    return Buffer.concat([this.#page([head], 0, flags.first), ...this.#pagesOf(tags)]);
  }

  /** Adds a packet; returns a page when one is full. */
  add(packet: Uint8Array): Buffer | undefined {
    this.#waiting.push(packet);
    return this.#waiting.length >= this.#packetsPerPage ? this.flush() : undefined;
  }

  /** A page of what waits, if anything does. */
  flush(): Buffer | undefined {
    return this.#waiting.length > 0 ? this.#take(flags.none) : undefined;
  }

  /**
   * The last page, which ends the stream; it may be without packets.
   *
   * @param frames of 20 ms that a player gives; left out: all packets, less what it cuts from the start
   */
  end(frames?: number): Buffer {
    const granule = frames === undefined ? undefined : frames * FRAME_SAMPLES + PRE_SKIP;
    return this.#take(flags.last, granule);
  }

  /** A packet over as many pages as it takes: tags may be longer than one page. */
  #pagesOf(packet: Buffer): Buffer[] {
    const pages: Buffer[] = [];
    let rest = packet;
    const room = MAX_SEGMENTS * 255;
    while (rest.length >= room) {
      const lacing = Array<number>(MAX_SEGMENTS).fill(255);
      const flag = pages.length > 0 ? flags.continued : flags.none;
      pages.push(this.#framed([rest.subarray(0, room)], lacing, NO_PACKET_ENDS, flag));
      rest = rest.subarray(room);
    }
    pages.push(this.#page([rest], 0, pages.length > 0 ? flags.continued : flags.none));
    return pages;
  }

  #take(flag: number, granule?: number): Buffer {
    const packets = this.#waiting;
    this.#waiting = [];
    this.#granule += packets.length * FRAME_SAMPLES;
    return this.#page(packets, granule ?? this.#granule, flag);
  }

  #page(packets: readonly Uint8Array[], granule: number, flag: number): Buffer {
    const lacing = packets.flatMap(({ length }) => [
      ...Array<number>(Math.floor(length / 255)).fill(255),
      length % 255,
    ]);
    if (lacing.length > MAX_SEGMENTS) {
      throw new PatchbayError('ogg_page_full', `${lacing.length} segments do not fit one page.`);
    }
    return this.#framed(packets, lacing, BigInt(granule), flag);
  }

  #framed(packets: readonly Uint8Array[], lacing: readonly number[], granule: bigint, flag: number): Buffer {
    const header = Buffer.alloc(HEADER_BYTES);
    header.write('OggS', 0, 'latin1');
    header[5] = flag;
    header.writeBigInt64LE(granule, 6);
    header.writeUInt32LE(this.#serial, 14);
    header.writeUInt32LE(this.#pageSequence, 18);
    header[26] = lacing.length;
    this.#pageSequence += 1;
    const page = Buffer.concat([header, Buffer.from(lacing), ...packets]);
    page.writeUInt32LE(checksum(page), 22);
    return page;
  }
}

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

export interface OggOpusFile {
  preSkip: number;
  /** Vorbis comments of the file, by name; the last one of a name counts. */
  comments: Record<string, string>;
  packets: Uint8Array[];
  /** Granule position of the last page: samples including pre-skip. */
  granule: number;
  /** Did the stream end with an end-of-stream page? A file of a killed process does not. */
  ended: boolean;
}

/**
 * Reads an Ogg Opus file. A torn last page is left out, as players do.
 *
 * @throws {PatchbayError} `ogg_malformed` when something else than the tail is wrong.
 */
export function readOggOpus(file: Buffer): OggOpusFile {
  const packets: Uint8Array[] = [];
  let partial: Uint8Array[] = [];
  let granule = 0;
  let ended = false;
  let offset = 0;
  while (offset + HEADER_BYTES <= file.length) {
    if (file.toString('latin1', offset, offset + 4) !== 'OggS') malformed(offset, 'no page starts here');
    const segments = file[offset + 26] ?? 0;
    const lacing = file.subarray(offset + HEADER_BYTES, offset + HEADER_BYTES + segments);
    const length = HEADER_BYTES + segments + lacing.reduce((sum, size) => sum + size, 0);
    if (lacing.length < segments || offset + length > file.length) break;
    const page = Buffer.from(file.subarray(offset, offset + length));
    const stored = page.readUInt32LE(22);
    page.writeUInt32LE(0, 22);
    if (checksum(page) !== stored) malformed(offset, 'the checksum of the page is wrong');
    let at = HEADER_BYTES + segments;
    for (const size of lacing) {
      partial.push(page.subarray(at, at + size));
      at += size;
      if (size < 255) {
        packets.push(Buffer.concat(partial));
        partial = [];
      }
    }
    const position = page.readBigInt64LE(6);
    if (position !== NO_PACKET_ENDS) granule = Number(position);
    ended = ((page[5] ?? 0) & flags.last) !== 0;
    offset += length;
  }
  const head = Buffer.from(packets[0] ?? []);
  if (head.length < 19 || head.toString('latin1', 0, 8) !== 'OpusHead') malformed(0, 'there is no OpusHead');
  const comments = readComments(Buffer.from(packets[1] ?? []));
  return { preSkip: head.readUInt16LE(10), comments, packets: packets.slice(2), granule, ended };
}

/**
 * The comments of an OpusTags packet (RFC 7845 §5.2), by name; the last one of a name counts.
 *
 * @throws {PatchbayError} `ogg_malformed`
 */
export function readComments(tags: Buffer): Record<string, string> {
  if (tags.length < 16 || tags.toString('latin1', 0, 8) !== 'OpusTags') malformed(0, 'there are no OpusTags');
  let offset = 8;
  const text = (): string => {
    const length = tags.readUInt32LE(offset);
    if (offset + 4 + length > tags.length) malformed(offset, 'a comment is longer than the tags');
    offset += 4 + length;
    return tags.toString('utf8', offset - length, offset);
  };
  text();
  const count = tags.readUInt32LE(offset);
  offset += 4;
  const comments: Record<string, string> = {};
  for (let index = 0; index < count; index += 1) {
    const field = text();
    const equals = field.indexOf('=');
    if (equals > 0) comments[field.slice(0, equals)] = field.slice(equals + 1);
  }
  return comments;
}

function malformed(offset: number, what: string): never {
  throw new PatchbayError('ogg_malformed', `Not a whole Ogg Opus file: at byte ${offset} ${what}.`);
}
