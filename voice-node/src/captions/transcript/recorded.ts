/** What the bucket holds of a finalised recording, as far as a transcript needs it. */
import { readFile } from 'node:fs/promises';
import { snowflake } from '@patchbay/shared/ids';
import { manifestKey } from '@patchbay/shared/object-keys';
import { z } from 'zod';
import type { ObjectStore } from '../../storage/object-store.ts';

const objectSchema = z.object({
  key: z.string(),
  kind: z.string(),
  /** Samples at 48 kHz from time zero. */
  firstSample: z.int(),
  endSample: z.int(),
  guildId: snowflake.optional(),
  userId: snowflake.optional(),
});
const manifestSchema = z.object({ objects: z.array(objectSchema), incompleteBecause: z.array(z.string()) });
/** While a recording runs it has a manifest, too: of chunks, without the fragments that are made of them in the end. */
const RUNNING = 'not_finalised';

/** One join-to-leave of one person, as it was received. */
export interface RecordedFragment {
  key: string;
  guildId: string;
  userId: string;
  firstMs: number;
  endMs: number;
}

export type ReadsBucket = Pick<ObjectStore, 'list' | 'fetch'>;

/**
 * The fragments of a session; `undefined`: it is not finalised yet.
 *
 * @throws {PatchbayError} when the bucket cannot be read
 */
export async function recordedFragments(
  store: ReadsBucket,
  sessionId: string,
  scratch: string,
): Promise<RecordedFragment[] | undefined> {
  const key = manifestKey(sessionId);
  if ((await store.list(key)).length === 0) return undefined;
  await store.fetch(key, scratch);
  const { objects, incompleteBecause } = manifestSchema.parse(JSON.parse(await readFile(scratch, 'utf8')));
  if (incompleteBecause.includes(RUNNING)) return undefined;
  return objects.flatMap(({ kind, guildId, userId, firstSample, endSample, ...object }) =>
    kind === 'raw' && guildId && userId
      ? [{ key: object.key, guildId, userId, firstMs: firstSample / 48, endMs: endSample / 48 }]
      : [],
  );
}
