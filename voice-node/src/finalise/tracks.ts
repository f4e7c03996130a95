/** From the chunks of a recording to its tracks and their fragments. Pure. */
import type { ChunkTags } from '../recording/chunks/chunk-tags.ts';

/** A chunk, and where its file lies now. */
export interface StoredChunk extends ChunkTags {
  path: string;
}

/** Half-open, in samples at 48 kHz from time zero. */
export type Span = [from: number, to: number];

/** One participant, over all their joins. */
export interface Track {
  userId: string;
  guildId: string;
  /** In order of their first samples. */
  chunks: StoredChunk[];
  /** Where they were, one span for each join-to-leave. */
  stays: Span[];
  /** In one of their stays, but no chunk holds it. */
  missing: Span[];
}

export interface Recording {
  tracks: Track[];
  /** Samples from time zero to the end of the last chunk. */
  samples: number;
  /** When nothing could be received, merged. */
  outages: Span[];
}

/** What the chunks say of the recording. Of two chunks with the same first sample the longer one counts. */
export function recordingOf(chunks: readonly StoredChunk[]): Recording {
  const samples = Math.max(0, ...chunks.map(endOf));
  const byUser = Map.groupBy(chunks, ({ userId }) => userId);
  const tracks = [...byUser].map(([userId, all]): Track => {
    const ordered = withoutDoubles(all);
    const stays = staysOf(ordered, samples);
    return { userId, guildId: ordered[0]?.guildId ?? '', chunks: ordered, stays, missing: missingOf(ordered, stays) };
  });
  tracks.sort((left, right) => (left.userId < right.userId ? -1 : 1));
  return { tracks, samples, outages: merged(chunks.flatMap((chunk) => chunk.outages)) };
}

const endOf = ({ firstSample, samples }: StoredChunk): number => firstSample + samples;

function withoutDoubles(chunks: readonly StoredChunk[]): StoredChunk[] {
  const ordered = [...chunks].sort(
    (left, right) => left.firstSample - right.firstSample || right.samples - left.samples,
  );
  return ordered.filter((chunk, index) => chunk.firstSample !== ordered[index - 1]?.firstSample);
}

/** Each stay is told by every chunk that it touches; the last one knows when it ended. */
function staysOf(chunks: readonly StoredChunk[], end: number): Span[] {
  const ends = new Map<number, number>();
  for (const chunk of chunks) {
    for (const [from, to] of chunk.stays) ends.set(from, to ?? endOf(chunk));
  }
  const stays = [...ends].map(([from, to]): Span => [Math.max(0, from), Math.min(to, end)]);
  const spans = merged(stays.filter(([from, to]) => to > from));
  // A recording whose stays nobody noted: everything is one.
  const [first, last] = [chunks[0], chunks.at(-1)];
  return spans.length > 0 || !first || !last ? spans : [[first.firstSample, endOf(last)]];
}

function missingOf(chunks: readonly StoredChunk[], stays: readonly Span[]): Span[] {
  return stays.flatMap(([from, to]) => {
    const holes: Span[] = [];
    let at = from;
    for (const chunk of chunks) {
      if (endOf(chunk) <= at || chunk.firstSample >= to) continue;
      if (chunk.firstSample > at) holes.push([at, chunk.firstSample]);
      at = Math.max(at, endOf(chunk));
    }
    if (at < to) holes.push([at, to]);
    return holes;
  });
}

/** Spans that touch become one. */
export function merged(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const [from, to] of [...spans].sort((left, right) => left[0] - right[0])) {
    const last = result.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

/** The stay to which a sample belongs: the one that holds it, else the nearest. */
export function stayAt(stays: readonly Span[], sample: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, [from, to]] of stays.entries()) {
    const distance = sample < from ? from - sample : sample >= to ? sample - to + 1 : 0;
    if (distance < least) [best, least] = [index, distance];
  }
  return best;
}
