/** Reads journals in bounded memory: a piece of the file at a time. */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { type JournalRecord, scanRecords } from './journal-record.ts';

/** Bytes read at a time. */
const PIECE_BYTES = 1 << 20;

/** What a whole read found wrong. */
export interface JournalDamage {
  /** Bytes that belong to no record. */
  bytes: number;
}

/**
 * The records of one segment, in the order they were written. A torn or damaged record is left out and counted.
 *
 * @param bytes the file is read up to here: of one that is being written, what is there at an instant
 */
export async function* readSegment(
  path: string,
  damage?: JournalDamage,
  bytes = Number.POSITIVE_INFINITY,
): AsyncGenerator<JournalRecord[], void> {
  if (bytes <= 0) return;
  let rest: Buffer = Buffer.alloc(0);
  const upTo = Number.isFinite(bytes) ? { end: bytes - 1 } : {};
  for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES, ...upTo })) {
    const read = rest.length > 0 ? Buffer.concat([rest, piece as Buffer]) : (piece as Buffer);
    const scan = scanRecords(read, false);
    rest = read.subarray(scan.consumed);
    if (damage) damage.bytes += scan.damaged;
    yield scan.records;
  }
  const scan = scanRecords(rest, true);
  if (damage) damage.bytes += scan.damaged;
  if (scan.records.length > 0) yield scan.records;
}

/** The indices of the segments in a folder, in order. */
export async function segmentsIn(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names
    .filter((name) => /^\d{6}\.journal$/.test(name))
    .map((name) => Number(name.slice(0, 6)))
    .sort((left, right) => left - right);
}
