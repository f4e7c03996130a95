/** Deletes from the bucket what must not be there, or is of no use any more. */
import { manifestKey, masterKey, recordingPrefix } from '@patchbay/shared/object-keys';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Manifest } from './manifest.ts';
import { ownObject, ownObjects } from './stored-parts.ts';

type Store = Pick<ObjectStore, 'list' | 'delete'>;

/** Takes what is on its way to the bucket out of the queue, by its key. */
export type Drop = (matches: (key: string) => boolean) => Promise<void>;

/** Everything of people who are taken out: chunks, what was flushed, what was made of them. Answers how many objects that were. */
export async function erase(store: Store, drop: Drop, sessionId: string, without: readonly string[]): Promise<number> {
  if (without.length === 0) return 0;
  const prefix = recordingPrefix(sessionId);
  await drop((key) => key.startsWith(prefix) && without.includes(ownObject(key)?.userId ?? ''));
  const theirs = (await ownObjects(store, sessionId)).filter(({ userId }) => without.includes(userId));
  await store.delete(theirs.map(({ key }) => key));
  return theirs.length;
}

/** The mix and its list, when nobody of the recording is left. */
export function eraseMix(store: Store, sessionId: string): Promise<void> {
  return store.delete([masterKey(sessionId), manifestKey(sessionId)]);
}

/** What was flushed and is not needed, and fragments of an earlier run that have other borders now. */
export async function tidy(store: Store, { sessionId, objects }: Manifest): Promise<void> {
  const listed = new Set(objects.map(({ key }) => key));
  const stale = (await ownObjects(store, sessionId)).filter(
    ({ key, folder }) => folder !== 'chunks' && !listed.has(key),
  );
  await store.delete(stale.map(({ key }) => key));
}
