/** Makes and stores the fragment of one stay from what the bucket holds: fetch, make in a child process, store, tell. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeEventDraft } from '@patchbay/shared/events';
import type { Logger } from '../ops/logger.ts';
import { CHUNK_FRAMES, FRAME_MS } from '../recording/run/run-header.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { fragmentEvents, metadataOf } from './deliver.ts';
import { fragmentInChild } from './in-child.ts';
import { fragmentDeliverables } from './manifest.ts';
import { fetchParts, ownObjects } from './stored-parts.ts';

/** Somebody's join-to-leave; samples at 48 kHz from time zero. */
export interface EndedStay {
  sessionId: string;
  userId: string;
  /** ms since the epoch. */
  timeZero: number;
  from: number;
  to: number;
}

export interface EarlyJobOptions {
  store: Pick<ObjectStore, 'list' | 'fetch' | 'put'>;
  /** Folder for files under way; emptied. */
  directory: string;
  mp3Fragments: boolean;
  report: (draft: NodeEventDraft) => Promise<void>;
  signal: AbortSignal;
  logger: Logger;
}

/**
 * False: the bucket knows another stay, and the end sees to it.
 *
 * @throws when it has to be tried again, and when `signal` says stop
 */
export async function makeEarly(stay: EndedStay, options: EarlyJobOptions): Promise<boolean> {
  const { sessionId, userId, timeZero, from, to } = stay;
  const { store, directory, mp3Fragments, signal, logger } = options;
  const out = join(directory, 'out');
  await rm(directory, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  try {
    // The chunk before as well: a stay that went on after a restart of the node shows there, and is left to the end.
    const [first, last] = [timeZero + from / 48 - CHUNK_FRAMES * FRAME_MS - 1, timeZero + to / 48];
    const found = (await ownObjects(store, sessionId)).filter(
      (own) => own.folder === 'chunks' && own.userId === userId && Number(own.at) >= first && Number(own.at) < last,
    );
    let damaged = false;
    const chunks = await fetchParts(found, {
      store,
      into: join(directory, 'parts'),
      onDamaged: (key, error) => {
        damaged = true;
        logger.error({ err: error, key }, 'a part is damaged; the end makes the fragment without it');
      },
    });
    signal.throwIfAborted();
    if (damaged || chunks.length === 0) return false;
    const job = { sessionId, timeZero, chunks, directory: out, mp3Fragments, only: { userId, from, to } };
    const report = { sessionId, timeZero, fragments: await fragmentInChild(job, signal) };
    for (const { file, object } of fragmentDeliverables(report)) {
      signal.throwIfAborted();
      // Not through the queue of uploads: nothing of it may come later than what follows.
      await store.put(object.key, file.path, metadataOf(report, object));
    }
    signal.throwIfAborted();
    for (const event of fragmentEvents(report)) await options.report(event);
    return report.fragments.length > 0;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
