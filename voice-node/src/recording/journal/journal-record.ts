/**
 * One record of a journal: bytes in, bytes out. All numbers are little-endian.
 *
 * | bytes | what |
 * |---|---|
 * | 2 | `50 42`, so that a reader finds the next record behind a damaged one |
 * | 1 | kind: 1 = packet, 2 = note |
 * | 1 | 0 |
 * | 4 | length of the body |
 * | 4 | CRC-32 (IEEE) of kind and body |
 * | … | body |
 *
 * The body of a packet: user id (8), arrival in ms since the epoch as a double (8), SSRC (4), RTP timestamp (4), sequence (2), then
 * the Opus packet as received. The body of a note is JSON.
 */
import { crc32 } from 'node:zlib';
import type { VoicePacket } from '../../audio/packet.ts';
import { type JournalNote, noteSchema } from './note.ts';

const MAGIC = 0x4250;
const HEADER_BYTES = 12;
const PACKET_BYTES = 26;
/** No Opus packet and no note is longer; a length above it is damage. */
const MAX_BODY_BYTES = 65_536;
const kinds = { packet: 1, note: 2 } as const;

export type JournalRecord = { kind: 'packet'; packet: VoicePacket } | { kind: 'note'; note: JournalNote };

function frame(kind: number, bodyBytes: number): Buffer {
  const record = Buffer.allocUnsafe(HEADER_BYTES + bodyBytes);
  record.writeUInt16LE(MAGIC, 0);
  record[2] = kind;
  record[3] = 0;
  record.writeUInt32LE(bodyBytes, 4);
  return record;
}

/** The sum that a record of this kind and body carries. */
function checksum(kind: number, body: Uint8Array): number {
  return crc32(body, kind);
}

function sealed(record: Buffer): Buffer {
  record.writeUInt32LE(checksum(record[2] ?? 0, record.subarray(HEADER_BYTES)), 8);
  return record;
}

/** A received packet as a record. */
export function packetRecord(packet: VoicePacket): Buffer {
  const record = frame(kinds.packet, PACKET_BYTES + packet.opus.length);
  record.writeBigUInt64LE(BigInt(packet.userId), HEADER_BYTES);
  record.writeDoubleLE(packet.arrivedAt, HEADER_BYTES + 8);
  record.writeUInt32LE(packet.ssrc >>> 0, HEADER_BYTES + 16);
  record.writeUInt32LE(packet.timestamp >>> 0, HEADER_BYTES + 20);
  record.writeUInt16LE(packet.sequence & 0xffff, HEADER_BYTES + 24);
  record.set(packet.opus, HEADER_BYTES + PACKET_BYTES);
  return sealed(record);
}

/** What else the chunks must know, as a record. */
export function noteRecord(note: JournalNote): Buffer {
  const body = Buffer.from(JSON.stringify(note), 'utf8');
  const record = frame(kinds.note, body.length);
  record.set(body, HEADER_BYTES);
  return sealed(record);
}

function parseBody(kind: number, body: Buffer): JournalRecord | undefined {
  if (kind === kinds.note) {
    const note = noteSchema.safeParse(JSON.parse(body.toString('utf8')));
    return note.success ? { kind: 'note', note: note.data } : undefined;
  }
  if (kind !== kinds.packet || body.length < PACKET_BYTES) return undefined;
  return {
    kind: 'packet',
    packet: {
      userId: body.readBigUInt64LE(0).toString(),
      arrivedAt: body.readDoubleLE(8),
      ssrc: body.readUInt32LE(16),
      timestamp: body.readUInt32LE(20),
      sequence: body.readUInt16LE(24),
      opus: body.subarray(PACKET_BYTES),
    },
  };
}

/** What a stretch of a journal file holds. */
export interface JournalScan {
  records: JournalRecord[];
  /** Bytes that are done with; what follows is the beginning of a record that is not there whole. */
  consumed: number;
  /** Bytes that were skipped because they are no record: damage. */
  damaged: number;
}

/**
 * Reads the records at the start of `bytes`. Damage is skipped up to the next record whose checksum is right. With `last`, nothing
 * follows any more: a torn record at the end counts as damage.
 */
export function scanRecords(bytes: Buffer, last: boolean): JournalScan {
  const records: JournalRecord[] = [];
  let offset = 0;
  let damaged = 0;
  while (offset < bytes.length) {
    const step = recordAt(bytes, offset);
    if (step === 'torn' && !last) break;
    if (typeof step === 'string') {
      // Behind a torn length whole records may follow, so that the search begins at the next byte.
      const next = bytes.indexOf('PB', offset + 1, 'latin1');
      const end = next === -1 ? bytes.length : next;
      damaged += end - offset;
      offset = end;
      continue;
    }
    if (step.record) records.push(step.record);
    else damaged += step.bytes;
    offset += step.bytes;
  }
  return { records, consumed: offset, damaged };
}

function recordAt(
  bytes: Buffer,
  offset: number,
): 'torn' | 'damaged' | { bytes: number; record: JournalRecord | undefined } {
  if (bytes.length - offset < HEADER_BYTES) return 'torn';
  const length = bytes.readUInt32LE(offset + 4);
  if (bytes.readUInt16LE(offset) !== MAGIC || length > MAX_BODY_BYTES) return 'damaged';
  const end = offset + HEADER_BYTES + length;
  if (end > bytes.length) return 'torn';
  const kind = bytes[offset + 2] ?? 0;
  const body = bytes.subarray(offset + HEADER_BYTES, end);
  if (bytes.readUInt32LE(offset + 8) !== checksum(kind, body)) return 'damaged';
  return { bytes: HEADER_BYTES + length, record: parseBody(kind, body) };
}
