/** Takes what somebody said after their opt-out out of chunks that the bucket holds already. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { chunkPrefix, partialChunkKey, recordingPrefix } from '@patchbay/shared/object-keys';
import { ownObject } from '../finalise/stored-parts.ts';
import { backoffMs } from '../ops/backoff.ts';
import type { Logger } from '../ops/logger.ts';
import { realTime, type Scheduler } from '../ops/scheduler.ts';
import { type Erasure, eraseFromChunk, touchesErasure } from '../recording/chunks/erase-chunk.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { metadataOf } from './chunk-note.ts';

export interface ChunkEraserOptions {
  store: Pick<ObjectStore, 'list' | 'fetch' | 'put' | 'describe' | 'delete'>;
  /** For files under way. */
  directory: string;
  /** Reports an event; resolves when it survives the process. */
  report(draft: NodeEventDraft): Promise<void>;
  logger: Logger;
  scheduler?: Scheduler;
}

export class ChunkEraser {
  readonly #options: ChunkEraserOptions;

  constructor(options: ChunkEraserOptions) {
    this.#options = options;
  }

  /**
   * Resolves when nothing of it is left in the session's chunks, those of other nodes included; a bucket that is away is asked again.
   * Doing it twice changes nothing.
   */
  async erase(sessionId: string, erasure: Erasure): Promise<void> {
    const { logger, scheduler = realTime } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      try {
        const erased = await this.#erase(sessionId, erasure);
        if (erased > 0) logger.info({ sessionId, chunks: erased }, 'what was captured since an opt-out is erased');
        return;
      } catch (error) {
        logger.warn({ err: error, sessionId }, 'what was captured since an opt-out could not be erased yet; again');
        await new Promise<void>((resolve) => void scheduler.after(backoffMs(attempt), resolve));
      }
    }
  }

  async #erase(sessionId: string, erasure: Erasure): Promise<number> {
    const { directory, store, report } = this.#options;
    const { userId } = erasure;
    await this.#eraseFragments(sessionId, erasure);
    const chunks = await store.list(`${chunkPrefix(sessionId)}${userId}-`);
    const partials = await store.list(partialChunkKey(sessionId, userId, 0).replace(/0\.ogg$/, ''));
    if (chunks.length + partials.length === 0) return 0;
    await mkdir(directory, { recursive: true });
    const folder = await mkdtemp(join(directory, 'erase-'));
    let erased = 0;
    try {
      for (const { key } of [...chunks, ...partials]) {
        const [before, after] = [join(folder, 'before.ogg'), join(folder, 'after.ogg')];
        await store.fetch(key, before);
        const made = await eraseFromChunk(before, after, erasure);
        if (!made) continue;
        const { tags, sha256 } = made;
        const bytes = await store.put(key, after, metadataOf({ ...tags, sha256 }));
        erased += 1;
        if (!key.startsWith(chunkPrefix(sessionId))) continue;
        const { guildId, firstSample, samples, lostPackets } = tags;
        const about = { sessionId, guildId, userId, firstSample, samples, lostPackets };
        await report({ type: 'recording.chunk.stored', ...about, key, bytes, sha256 });
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return erased;
  }

  /** What was made of stays that are over holds the same; it is made anew of what is left, at the end at the latest. */
  async #eraseFragments(sessionId: string, erasure: Erasure): Promise<void> {
    const { store } = this.#options;
    for (const { key } of await store.list(`${recordingPrefix(sessionId)}full/`)) {
      if (ownObject(key)?.userId !== erasure.userId) continue;
      const metadata = (await store.describe(key))?.metadata;
      if (metadata?.samples === undefined) continue;
      const number = (name: string): number => Number(metadata[name] ?? 0);
      const span = { timeZero: number('time-zero'), firstSample: number('first-sample'), samples: number('samples') };
      if (touchesErasure(span, erasure)) await store.delete([key]);
    }
  }
}
