/**
 * From a segment of the journal to its chunks, one Ogg Opus file per participant, one participant after the other: memory is bounded
 * however many people spoke.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { FRAME_SAMPLES, SAMPLE_RATE, type VoicePacket } from '../../audio/packet.ts';
import { type JournalDamage, readSegment } from '../journal/journal-reader.ts';
import { segmentPath } from '../journal/journal-writer.ts';
import { placeTrack, type Unplaced } from '../timeline/placement.ts';
import { newTrack } from '../timeline/track-state.ts';
import { writeChunk } from './chunk-file.ts';
import { chunkFrames } from './chunk-frames.ts';
import type { ChunkTags } from './chunk-tags.ts';
import type { Erasure } from './erase-chunk.ts';
import { endOfOptOut, isWithin, type RunState, readRunState, takeNote, touching, writeRunState } from './run-state.ts';
import { trackPackets } from './track-packets.ts';

const SAMPLES_PER_MS = SAMPLE_RATE / 1000;
/** Rounding to the grid, and places that were taken, move the last packets by so many frames at most. */
const FINAL_FRAMES = 50;

export interface Chunk extends ChunkTags {
  path: string;
  bytes: number;
  sha256: string;
  /** Packets of the journal that have no place in it. */
  unplaced: Unplaced;
}

export interface BuildOptions {
  /** Folder of the recording's journal. */
  directory: string;
  segment: number;
  sessionId: string;
  /** ms since the epoch. */
  timeZero: number;
  /** The chunk spans these frames of 20 ms from time zero: from `firstFrame` up to before `endFrame`. */
  firstFrame: number;
  endFrame: number;
  /** The recording ends with this chunk: what lies a moment behind its end lengthens it, for nothing comes after. */
  final: boolean;
  /** Packets that are held in memory; more are sorted on disk. For tests. */
  inMemory?: number;
}

/** What came of a segment. */
export interface Built {
  chunks: Chunk[];
  damage: JournalDamage;
  /** Told in this segment, and reaches back behind its start: chunks that were made before have to be made again without it. */
  erase: Erasure[];
}

/**
 * Builds the chunks of a segment into the folder `chunks-N` beside it, and then writes the state with which the next segment begins.
 * Done again after a crash, it gives the same files.
 */
export async function buildChunks(options: BuildOptions): Promise<Built> {
  const { directory, segment, timeZero, firstFrame } = options;
  const { state, ...built } = await buildTracks(options, join(directory, `chunks-${segment}`));
  const from = timeZero + (firstFrame * FRAME_SAMPLES) / SAMPLES_PER_MS;
  await writeRunState(directory, segment + 1, { ...state, outages: touching(state.outages, from, Infinity) });
  return built;
}

/**
 * Builds chunks into a folder, and leaves everything else as it is.
 *
 * @param bytes the segment is read up to here; absent: to its end
 */
export async function buildTracks(
  options: BuildOptions,
  folder: string,
  bytes?: number,
): Promise<Built & { state: RunState }> {
  const { directory, segment, timeZero, firstFrame, endFrame } = options;
  const path = segmentPath(directory, segment);
  const state = await readRunState(directory, segment);
  const damage: JournalDamage = { bytes: 0 };
  const counts = new Map<string, number>([...state.tracks.keys()].map((userId) => [userId, 0]));
  const from = timeZero + (firstFrame * FRAME_SAMPLES) / SAMPLES_PER_MS;
  const lateOptOuts: { userId: string; at: number }[] = [];
  for await (const records of readSegment(path, damage, bytes)) {
    for (const record of records) {
      if (record.kind === 'note') {
        const { note } = record;
        takeNote(state, note);
        if (note.type === 'optout' && note.out && note.at < from) lateOptOuts.push(note);
      } else counts.set(record.packet.userId, (counts.get(record.packet.userId) ?? 0) + 1);
    }
    await setImmediate();
  }
  await mkdir(folder, { recursive: true });
  const packets = await trackPackets({
    path,
    bytes,
    folder: join(folder, 'sorted'),
    counts,
    keeps: (packet) => !isWithin(state.optedOut.get(packet.userId), packet.arrivedAt),
    inMemory: options.inMemory,
  });
  const chunks: Chunk[] = [];
  for (const userId of counts.keys()) {
    const chunk = await buildTrack(options, state, folder, userId, await packets.of(userId));
    if (chunk) chunks.push(chunk);
    // Between two people the packets of the others are received.
    await setImmediate();
  }
  await packets.clear();
  const erase = lateOptOuts.map(({ userId, at }) => ({ userId, from: at, to: endOfOptOut(state, userId, at) }));
  return { chunks: chunks.sort((left, right) => (left.userId < right.userId ? -1 : 1)), damage, erase, state };

  async function buildTrack(
    { sessionId, final }: BuildOptions,
    run: RunState,
    into: string,
    userId: string,
    packets: VoicePacket[],
  ): Promise<Chunk | undefined> {
    const known = run.tracks.get(userId) ?? newTrack();
    // What was carried over from the segment before may have come since they opted out, too.
    const optedOut = run.optedOut.get(userId);
    const kept = known.carried.filter(({ arrival }) => !isWithin(optedOut, timeZero + arrival / SAMPLES_PER_MS));
    const before = { ...known, carried: kept };
    const placement = placeTrack(before, packets, {
      timeZero,
      firstFrame,
      endFrame: final ? endFrame + FINAL_FRAMES : endFrame,
    });
    run.tracks.set(userId, placement.state);
    const start = timeZero + (firstFrame * FRAME_SAMPLES) / SAMPLES_PER_MS;
    const end = timeZero + (endFrame * FRAME_SAMPLES) / SAMPLES_PER_MS;
    const stays = touching(run.stays.get(userId), start, end);
    // Somebody who is not there and said nothing has no chunk; the length of the recording is known without it.
    if (placement.packets.length === 0 && (stays.length === 0 || before.nextFrame === 0)) return undefined;
    const samples = (instant: number): number => Math.round((instant - timeZero) * SAMPLES_PER_MS);
    const { packets: frames, lostPackets, shifts } = chunkFrames(placement.packets, firstFrame, endFrame);
    const tags: ChunkTags = {
      v: 1,
      sessionId,
      guildId: run.guilds.get(userId) ?? '0',
      userId,
      timeZero,
      firstSample: firstFrame * FRAME_SAMPLES,
      samples: frames.length * FRAME_SAMPLES,
      lostPackets,
      shifts,
      stays: stays.map(([since, until]) => [samples(since), until === null ? null : samples(until)]),
      outages: touching(run.outages, start, end).map(([since, until]) => [samples(since), samples(until)]),
    };
    const file = join(into, `${userId}.ogg`);
    return { ...tags, path: file, ...(await writeChunk(file, tags, frames)), unplaced: placement.unplaced };
  }
}
