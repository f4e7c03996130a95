/**
 * The packets of a segment, participant by participant. A small segment is held in memory; of a large one the packets are first sorted
 * into a file for each participant, so that memory holds one of them however many people spoke: two passes instead of one for each
 * group of people.
 */
import { appendFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { VoicePacket } from '../../audio/packet.ts';
import { readSegment } from '../journal/journal-reader.ts';
import { packetRecord } from '../journal/journal-record.ts';

/** Up to so many packets are held: about 30 MB with their objects and the pieces of the file that they lie in. */
export const PACKETS_IN_MEMORY = 100_000;
/** Bytes of a participant that wait for their file: 8 MB for 255. */
const WAITING_BYTES = 1 << 15;

export interface TrackPacketsOptions {
  /** The segment. */
  path: string;
  /** It is read up to here; absent: to its end. */
  bytes?: number | undefined;
  /** Folder for the sorted packets, of this work alone. */
  folder: string;
  /** How many packets of how many people there are. */
  counts: ReadonlyMap<string, number>;
  /** Is the packet one to keep? */
  keeps(packet: VoicePacket): boolean;
  inMemory?: number | undefined;
}

export interface TrackPackets {
  /** The packets of a participant, in the order they were written. Once for each. */
  of(userId: string): Promise<VoicePacket[]>;
  /** Leaves nothing behind. */
  clear(): Promise<void>;
}

export async function trackPackets(options: TrackPacketsOptions): Promise<TrackPackets> {
  const { counts, inMemory = PACKETS_IN_MEMORY } = options;
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return total <= inMemory ? held(options) : sorted(options);
}

async function* kept({ path, bytes, keeps }: TrackPacketsOptions): AsyncGenerator<VoicePacket[], void> {
  for await (const records of readSegment(path, undefined, bytes)) {
    yield records.flatMap((record) => (record.kind === 'packet' && keeps(record.packet) ? [record.packet] : []));
    // Between two pieces the packets of calls are received.
    await setImmediate();
  }
}

async function held(options: TrackPacketsOptions): Promise<TrackPackets> {
  const all = new Map<string, VoicePacket[]>();
  for await (const packets of kept(options)) {
    for (const packet of packets) {
      const own = all.get(packet.userId);
      if (own) own.push(packet);
      else all.set(packet.userId, [packet]);
    }
  }
  return { of: async (userId) => all.get(userId) ?? [], clear: async () => all.clear() };
}

async function sorted(options: TrackPacketsOptions): Promise<TrackPackets> {
  const { folder } = options;
  // What a killed process left there.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const pathOf = (userId: string): string => join(folder, `${userId}.packets`);
  const waiting = new Map<string, { records: Uint8Array[]; bytes: number }>();
  const write = (userId: string, records: readonly Uint8Array[]): void => {
    appendFileSync(pathOf(userId), Buffer.concat(records));
  };
  for await (const packets of kept(options)) {
    for (const packet of packets) {
      const own = waiting.get(packet.userId) ?? { records: [], bytes: 0 };
      const record = packetRecord(packet);
      own.records.push(record);
      own.bytes += record.length;
      waiting.set(packet.userId, own);
      if (own.bytes < WAITING_BYTES) continue;
      write(packet.userId, own.records);
      waiting.delete(packet.userId);
    }
  }
  const written = new Set(options.counts.keys());
  for (const [userId, { records }] of waiting) write(userId, records);
  return {
    async of(userId) {
      if (!written.delete(userId)) return [];
      const packets: VoicePacket[] = [];
      try {
        for await (const records of readSegment(pathOf(userId)))
          for (const record of records) if (record.kind === 'packet') packets.push(record.packet);
      } catch (error) {
        // Everything of theirs was left out.
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      }
      await rm(pathOf(userId), { force: true });
      return packets;
    },
    clear: () => rm(folder, { recursive: true, force: true }),
  };
}
