/** Brings what a running recording has captured since its last chunk into the bucket, on request. */
import { rm } from 'node:fs/promises';
import { PatchbayError } from '@patchbay/shared/errors';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { partialChunkKey } from '@patchbay/shared/object-keys';
import type { FlushOrder } from '@patchbay/shared/recording-orders';
import type { Logger } from '../ops/logger.ts';
import type { Chunk } from '../recording/chunks/build-chunks.ts';
import type { Partial } from '../recording/run/partial.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** A recording that runs. */
export interface RunningRecording {
  readonly guilds: string[];
  partial(): Promise<Partial & { folder: string }>;
}

export interface FlushDeskOptions {
  store: Pick<ObjectStore, 'put' | 'delete'>;
  running(sessionId: string): RunningRecording | undefined;
  /** What is said of a chunk in the bucket. */
  metadataOf(chunk: Chunk): Record<string, string> & { sha256: string };
  /** Reports an event; resolves when it survives the process. */
  report: (draft: NodeEventDraft) => Promise<void>;
  logger: Logger;
}

type FlushedObject = Extract<NodeEventDraft, { type: 'recording.flushed' }>['objects'][number];

export class FlushDesk {
  readonly #options: FlushDeskOptions;
  /** Flushes under way, by session: whoever asks meanwhile waits, for what they ask for is younger. */
  readonly #working = new Map<string, Promise<void>>();
  /** What was flushed and no chunk has replaced yet. */
  readonly #flushed = new Set<string>();

  constructor(options: FlushDeskOptions) {
    this.#options = options;
  }

  /** Answers by `recording.flushed` or `recording.failed` to each guild of the recording; by nothing where none runs here. */
  flush({ sessionId, requestId }: FlushOrder): Promise<void> {
    const before = this.#working.get(sessionId) ?? Promise.resolve();
    const mine = (): Promise<void> => this.#flush(sessionId, requestId);
    const done = before.then(mine, mine).finally(() => {
      if (this.#working.get(sessionId) === done) this.#working.delete(sessionId);
    });
    this.#working.set(sessionId, done);
    return done;
  }

  /** A chunk is stored: what had been flushed of it is of no use any more. Never throws; finalising tidies up too. */
  async replaced(chunkKey: string): Promise<void> {
    const key = chunkKey.replace('/chunks/', '/partial/');
    if (!this.#flushed.delete(key)) return;
    try {
      await this.#options.store.delete([key]);
    } catch (error) {
      this.#options.logger.warn({ err: error, key }, 'what was flushed could not be deleted; finalising does it');
    }
  }

  async #flush(sessionId: string, requestId: string): Promise<void> {
    const { running, report, logger } = this.#options;
    const run = running(sessionId);
    if (!run) {
      logger.info({ sessionId, requestId }, 'nothing to flush: the session is not being recorded here');
      return;
    }
    try {
      const { until, objects } = await this.#store(sessionId, run);
      for (const guildId of run.guilds) {
        const own = objects.filter((object) => object.guildId === guildId).map(({ guildId: _, ...object }) => object);
        await report({ type: 'recording.flushed', guildId, sessionId, requestId, until, objects: own });
      }
    } catch (error) {
      logger.warn({ err: error, sessionId }, 'a running recording could not be flushed; it goes on');
      const code = error instanceof PatchbayError ? error.code : 'flush_failed';
      const message = 'What was recorded last could not be stored for reading yet. The recording goes on; ask again.';
      for (const guildId of run.guilds) await report({ type: 'recording.failed', guildId, sessionId, code, message });
    }
  }

  async #store(
    sessionId: string,
    run: RunningRecording,
  ): Promise<{ until: number; objects: (FlushedObject & { guildId: string })[] }> {
    const { store, metadataOf } = this.#options;
    const { chunks, until, folder } = await run.partial().catch((error: unknown) => {
      // A rotation came in between: the next five minutes have begun.
      if (error instanceof PatchbayError && error.code === 'segment_ended') return run.partial();
      throw error;
    });
    try {
      const objects: (FlushedObject & { guildId: string })[] = [];
      for (const chunk of chunks) {
        const { userId, guildId, firstSample, samples, timeZero } = chunk;
        const key = partialChunkKey(sessionId, userId, timeZero + firstSample / 48);
        // Noted first: a chunk that is stored meanwhile must find it.
        this.#flushed.add(key);
        await store.put(key, chunk.path, metadataOf(chunk));
        if (!this.#flushed.has(key)) await store.delete([key]);
        objects.push({ key, userId, guildId, firstSample, samples });
      }
      return { until, objects };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
