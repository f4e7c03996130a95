/** Takes what somebody said out of a chunk that was made before their opt-out was known. */
import { readFile } from 'node:fs/promises';
import { readOggOpus } from '../../audio/ogg-opus.ts';
import { FRAME_SAMPLES, SAMPLE_RATE, SILENCE_FRAME } from '../../audio/packet.ts';
import { writeChunk } from './chunk-file.ts';
import { type ChunkTags, chunkTagsSchema, TRACK_COMMENT } from './chunk-tags.ts';

/** What is erased: between two instants in ms since the epoch; null: everything after. */
export interface Erasure {
  userId: string;
  from: number;
  to: number | null;
}

const SAMPLES_PER_MS = SAMPLE_RATE / 1000;
/** A packet came later than it lies in the chunk, by the jitter of its way: so much before the instant is erased as well. ms */
const JITTER_MS = 200;

/** Does the chunk hold anything of the time that is erased? */
export function touchesErasure(
  tags: Pick<ChunkTags, 'timeZero' | 'firstSample' | 'samples'>,
  erasure: Erasure,
): boolean {
  const end = tags.timeZero + (tags.firstSample + tags.samples) / SAMPLES_PER_MS;
  const start = tags.timeZero + tags.firstSample / SAMPLES_PER_MS;
  return end > erasure.from - JITTER_MS && (erasure.to === null || start < erasure.to);
}

/**
 * Writes a chunk anew with silence in the place of what is erased; its length stays. Undefined: there was nothing to erase.
 *
 * @throws {PatchbayError} `ogg_malformed`
 */
export async function eraseFromChunk(
  source: string,
  target: string,
  erasure: Erasure,
): Promise<{ tags: ChunkTags; bytes: number; sha256: string } | undefined> {
  const file = readOggOpus(await readFile(source));
  const tags = chunkTagsSchema.parse(JSON.parse(file.comments[TRACK_COMMENT] ?? 'null'));
  if (tags.userId !== erasure.userId || !touchesErasure(tags, erasure)) return undefined;
  const sampleAt = (instant: number): number => Math.round((instant - tags.timeZero) * SAMPLES_PER_MS);
  const from = sampleAt(erasure.from - JITTER_MS);
  const to = erasure.to === null ? Number.POSITIVE_INFINITY : sampleAt(erasure.to);
  let erased = false;
  const packets = file.packets.map((packet, index) => {
    const sample = tags.firstSample + index * FRAME_SAMPLES;
    if (sample + FRAME_SAMPLES <= from || sample >= to || Buffer.compare(packet, SILENCE_FRAME) === 0) return packet;
    erased = true;
    return SILENCE_FRAME;
  });
  const end = sampleAt(erasure.from);
  const stays = tags.stays.flatMap(([since, until]): ChunkTags['stays'] => {
    if (erasure.to !== null || (until !== null && until <= end)) return [[since, until]];
    return since < end ? [[since, end]] : [];
  });
  const sameStays = JSON.stringify(stays) === JSON.stringify(tags.stays);
  if (!erased && sameStays) return undefined;
  const written = { ...tags, stays };
  return { tags: written, ...(await writeChunk(target, written, packets)) };
}
