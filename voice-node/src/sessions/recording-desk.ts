/** Where sessions get their recorders, and where finished tracks go. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { snowflake, ulidSchema } from '@patchbay/shared/ids';
import { type ChunkMetadata, chunkKey } from '@patchbay/shared/object-keys';
import { z } from 'zod';
import { type FinishedTrack, Recorder } from '../recording/recorder.ts';
import type { StoredObject, UploadNote } from '../storage/uploader.ts';

/** What a stored chunk's event says; it rides with the upload so that a later process can send the event. */
const contextSchema = z.object({
  sessionId: ulidSchema,
  guildId: snowflake,
  userId: snowflake,
  firstSample: z.int().nonnegative(),
  samples: z.int().nonnegative(),
  lostPackets: z.int().nonnegative(),
});

/** The event of an object that the bucket holds now. */
export function chunkStored({ key, bytes, metadata, context }: StoredObject): NodeEventDraft {
  return { type: 'recording.chunk.stored', ...contextSchema.parse(context), key, bytes, sha256: metadata.sha256 };
}

/** Where a finished track goes, and what is told of it. `at` names the file (ms since the epoch). */
export function noteOf(
  track: FinishedTrack,
  { sessionId, guildId, timeZero, at }: { sessionId: string; guildId: string; timeZero: number; at: number },
): UploadNote {
  const { userId, firstSample, samples, lostPackets, sha256 } = track;
  const metadata: ChunkMetadata = {
    'session-id': sessionId,
    'user-id': userId,
    'time-zero': String(timeZero),
    'first-sample': String(firstSample),
    samples: String(samples),
    'lost-packets': String(lostPackets),
    sha256,
  };
  return {
    key: chunkKey(sessionId, userId, at),
    metadata: { ...metadata },
    context: { sessionId, guildId, userId, firstSample, samples, lostPackets },
  };
}

export class RecordingDesk {
  readonly #directory: string;
  readonly #add: (path: string, note: UploadNote) => Promise<void>;

  /** `directory` is this process's own, so that files of a killed one are never overwritten. */
  constructor(directory: string, add: (path: string, note: UploadNote) => Promise<void>) {
    this.#directory = directory;
    this.#add = add;
  }

  #folder(sessionId: string, at: number): string {
    return join(this.#directory, `${sessionId}-${Math.round(at)}`);
  }

  open(sessionId: string, timeZero: number, at: number): Recorder {
    return new Recorder({ sessionId, timeZero, directory: this.#folder(sessionId, at) });
  }

  /** Hands a finished track over to the upload queue; when it resolves, the file survives the process. */
  async handOver(track: FinishedTrack, about: Parameters<typeof noteOf>[1]): Promise<void> {
    await this.#add(track.path, noteOf(track, about));
  }

  /** Removes the folder of a recording whose files were handed over. */
  async clear(sessionId: string, at: number): Promise<void> {
    await rm(this.#folder(sessionId, at), { recursive: true, force: true });
  }
}
