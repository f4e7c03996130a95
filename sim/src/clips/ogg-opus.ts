/** Ogg Opus (RFC 3533, RFC 7845), as much as clips need: one stream, whole files in memory. */

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value >>> 0;
});

function crc(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = ((value << 8) ^ (CRC_TABLE[((value >>> 24) ^ byte) & 0xff] ?? 0)) >>> 0;
  return value;
}

const SERIAL = 1;
/** Encoder delay of libopus, in samples at 48 kHz. */
const PRE_SKIP = 312;

function page(packet: Uint8Array, sequence: number, granule: bigint, flags: number): Buffer {
  const segments = Math.floor(packet.length / 255) + 1;
  const bytes = Buffer.alloc(27 + segments + packet.length);
  bytes.write('OggS', 0, 'latin1');
  bytes[5] = flags;
  bytes.writeBigUInt64LE(granule, 6);
  bytes.writeUInt32LE(SERIAL, 14);
  bytes.writeUInt32LE(sequence, 18);
  bytes[26] = segments;
  bytes.fill(255, 27, 27 + segments - 1);
  bytes[27 + segments - 1] = packet.length % 255;
  bytes.set(packet, 27 + segments);
  bytes.writeUInt32LE(crc(bytes), 22);
  return bytes;
}

/** Writes 20 ms stereo packets as an Ogg Opus file, one packet a page. */
export function writeOggOpus(packets: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(19);
  head.write('OpusHead', 0, 'latin1');
  head[8] = 1;
  head[9] = 2;
  head.writeUInt16LE(PRE_SKIP, 10);
  head.writeUInt32LE(48_000, 12);
  const tags = Buffer.alloc(16);
  tags.write('OpusTags', 0, 'latin1');
  const pages = [page(head, 0, 0n, 2), page(tags, 1, 0n, 0)];
  for (const [index, packet] of packets.entries()) {
    const last = index === packets.length - 1;
    pages.push(page(packet, index + 2, BigInt((index + 1) * 960), last ? 4 : 0));
  }
  return Buffer.concat(pages);
}

/**
 * The Opus packets of an Ogg Opus file, headers left out.
 *
 * @throws {RangeError} when a page is torn, its checksum wrong, or the first packet no OpusHead.
 */
export function readOggOpus(file: Buffer): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let pending: Uint8Array[] = [];
  let offset = 0;
  while (offset < file.length) {
    if (file.toString('latin1', offset, offset + 4) !== 'OggS') throw new RangeError(`no Ogg page at byte ${offset}`);
    const segments = file[offset + 26] ?? 0;
    const table = file.subarray(offset + 27, offset + 27 + segments);
    const length = 27 + segments + table.reduce((sum, size) => sum + size, 0);
    if (offset + length > file.length) throw new RangeError(`Ogg page at byte ${offset} is torn`);
    const whole = Buffer.from(file.subarray(offset, offset + length));
    const stored = whole.readUInt32LE(22);
    whole.writeUInt32LE(0, 22);
    if (crc(whole) !== stored) throw new RangeError(`Ogg page at byte ${offset} has a wrong checksum`);
    let position = 27 + segments;
    for (const size of table) {
      pending.push(whole.subarray(position, position + size));
      position += size;
      if (size < 255) {
        packets.push(Buffer.concat(pending));
        pending = [];
      }
    }
    offset += length;
  }
  const [head] = packets;
  if (!head || Buffer.from(head).toString('latin1', 0, 8) !== 'OpusHead') throw new RangeError('not an Ogg Opus file');
  return packets.slice(2);
}
