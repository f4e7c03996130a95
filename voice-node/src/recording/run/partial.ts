/** What was captured of a running recording since its last chunk, as files like chunks. The journal is only read. */
import { stat } from 'node:fs/promises';
import { PatchbayError } from '@patchbay/shared/errors';
import { FRAME_SAMPLES } from '../../audio/packet.ts';
import { buildTracks, type Chunk } from '../chunks/build-chunks.ts';
import { segmentPath } from '../journal/journal-writer.ts';
import { frameAt, framesOf, type RunHeader } from './run-header.ts';

/** Packets of this age have come, reordered ones too: what is younger is left for the next time. ms */
const SETTLED_MS = 200;

export interface Partial {
  chunks: Chunk[];
  segment: number;
  /** The first sample that is not in them, from time zero. */
  until: number;
}

export interface PartialOptions {
  /** Folder of the recording. */
  directory: string;
  header: RunHeader;
  /** The segment that is written now, with all that it held at `at` in its file. */
  segment: number;
  /** ms since the epoch. */
  at: number;
  /** Folder for the files, of this work alone. */
  into: string;
}

/** @throws {PatchbayError} `segment_ended`: it became chunks meanwhile; ask again */
export async function buildPartial({ directory, header, segment, at, into }: PartialOptions): Promise<Partial> {
  const { sessionId, timeZero } = header;
  const frames = framesOf(header, segment);
  const endFrame = Math.max(frames.firstFrame, Math.min(frames.endFrame, frameAt(timeZero, at - SETTLED_MS)));
  const until = endFrame * FRAME_SAMPLES;
  if (endFrame === frames.firstFrame) return { chunks: [], segment, until };
  try {
    const { size } = await stat(segmentPath(directory, segment));
    const built = await buildTracks(
      { directory, segment, sessionId, timeZero, firstFrame: frames.firstFrame, endFrame, final: false },
      into,
      size,
    );
    return { chunks: built.chunks, segment, until };
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
    throw new PatchbayError('segment_ended', 'The five minutes ended while they were read. Ask again.', { cause });
  }
}
