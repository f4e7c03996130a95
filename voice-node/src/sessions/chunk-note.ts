/** What a chunk carries with it into the bucket, and what is told of it when it is there. */
import type { NodeEventDraft } from '@patchbay/shared/events';
import { snowflake, ulidSchema } from '@patchbay/shared/ids';
import { type ChunkMetadata, chunkKey } from '@patchbay/shared/object-keys';
import { z } from 'zod';
import type { Chunk } from '../recording/chunks/build-chunks.ts';
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

type Described = Pick<
  Chunk,
  'sessionId' | 'guildId' | 'userId' | 'timeZero' | 'firstSample' | 'samples' | 'lostPackets' | 'sha256'
>;

/** The event of a chunk that the bucket holds now; undefined: the object is none. */
export function chunkStored({ key, bytes, metadata, context }: StoredObject): NodeEventDraft | undefined {
  const chunk = contextSchema.safeParse(context);
  if (!chunk.success) return undefined;
  return { type: 'recording.chunk.stored', ...chunk.data, key, bytes, sha256: metadata.sha256 };
}

/** The object metadata of a chunk: enough to find its place. */
export function metadataOf(chunk: Described): Record<string, string> & { sha256: string } {
  const metadata: ChunkMetadata = {
    'session-id': chunk.sessionId,
    'guild-id': chunk.guildId,
    'user-id': chunk.userId,
    'time-zero': String(chunk.timeZero),
    'first-sample': String(chunk.firstSample),
    samples: String(chunk.samples),
    'lost-packets': String(chunk.lostPackets),
    sha256: chunk.sha256,
  };
  return { ...metadata };
}

/** Where a finished chunk goes, and what is told of it. Named by the instant of its first sample. */
export function noteOf(chunk: Chunk): UploadNote {
  const { sessionId, guildId, userId, timeZero, firstSample, samples, lostPackets } = chunk;
  return {
    key: chunkKey(sessionId, userId, timeZero + firstSample / 48),
    metadata: metadataOf(chunk),
    context: { sessionId, guildId, userId, firstSample, samples, lostPackets },
  };
}
