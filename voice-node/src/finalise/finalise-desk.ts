/**
 * Finalises recordings, one after the other, from what the bucket holds: any node can do it. A job is a folder with a note in it, so that
 * the next process takes up what this one did not finish.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PatchbayError } from '@patchbay/shared/errors';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { chunkPrefix, manifestKey } from '@patchbay/shared/object-keys';
import { oggComments } from '../audio/ogg-reader.ts';
import type { Logger } from '../ops/logger.ts';
import { chunkTagsSchema, TRACK_COMMENT } from '../recording/chunks/chunk-tags.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { UploadNote } from '../storage/uploader.ts';
import { finaliseInChild } from './in-child.ts';
import { deliverables, type FetchedChunk, type Manifest, manifestOf } from './manifest.ts';
import type { FinaliseReport } from './report.ts';

const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 300_000;

export interface FinaliseDeskOptions {
  /** Holds a folder for each job. */
  directory: string;
  store: Pick<ObjectStore, 'list' | 'fetch'>;
  /** Takes a file for the bucket; `stored` resolves when it is there. */
  add: (path: string, note: UploadNote) => Promise<{ stored: Promise<void> }>;
  /** Reports an event; resolves when it survives the process. */
  report: (draft: NodeEventDraft) => Promise<void>;
  /** Is the session still being recorded? Then its recording is finalised when that is over. */
  isBusy: (sessionId: string) => boolean;
  mp3Fragments: boolean;
  logger: Logger;
}

export class FinaliseDesk {
  readonly #options: FinaliseDeskOptions;
  readonly #waiting: string[] = [];
  /** Jobs whose time has not come. */
  readonly #later = new Set<string>();
  readonly #closing = new AbortController();
  #started = false;
  #working: Promise<void> | undefined;

  constructor(options: FinaliseDeskOptions) {
    this.#options = options;
  }

  /**
   * Begins to work, with what an earlier process did not finish. Call when the control plane has said which sessions go on. Answers how
   * many jobs there are.
   */
  async start(): Promise<number> {
    await mkdir(this.#options.directory, { recursive: true });
    this.#started = true;
    const left = await readdir(this.#options.directory);
    for (const sessionId of left.sort()) if (!this.#later.has(sessionId)) this.#enqueue(sessionId);
    return left.length;
  }

  /**
   * Finalises a recording whose chunks are all stored, `waitMs` from now: until then its session may turn out to go on. When it
   * resolves, the job survives the process.
   */
  async add(sessionId: string, waitMs = 0): Promise<void> {
    if (waitMs > 0) this.#later.add(sessionId);
    await mkdir(this.#folder(sessionId), { recursive: true });
    if (waitMs === 0) this.#enqueue(sessionId);
    else {
      setTimeout(() => {
        this.#later.delete(sessionId);
        this.#enqueue(sessionId);
      }, waitMs).unref();
    }
  }

  /** Stops where it is; the next process begins the job anew. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#working;
  }

  #folder(sessionId: string): string {
    return join(this.#options.directory, sessionId);
  }

  #enqueue(sessionId: string): void {
    if (!this.#waiting.includes(sessionId)) this.#waiting.push(sessionId);
    this.#run();
  }

  #run(): void {
    if (!this.#started || this.#closing.signal.aborted || this.#waiting.length === 0) return;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      this.#run();
    });
  }

  async #work(): Promise<void> {
    let delay = FIRST_RETRY_MS;
    while (!this.#closing.signal.aborted) {
      // No longer waiting while it is worked on: more of the session that is stored meanwhile is a job of its own.
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (await this.#finalise(next)) {
        delay = FIRST_RETRY_MS;
      } else {
        // The next one may go through where this one cannot.
        if (!this.#waiting.includes(next)) this.#waiting.push(next);
        await pause(delay, undefined, { signal: this.#closing.signal }).catch(() => undefined);
        delay = Math.min(LAST_RETRY_MS, delay * 2);
      }
    }
  }

  /** False: it has to be tried again. */
  async #finalise(sessionId: string): Promise<boolean> {
    const logger = this.#options.logger.child({ sessionId });
    const folder = this.#folder(sessionId);
    try {
      if (this.#options.isBusy(sessionId)) {
        await rm(folder, { recursive: true, force: true });
        return true;
      }
      const chunks = await this.#fetchChunks(sessionId, folder);
      const [first] = chunks;
      if (!first) {
        logger.info('nothing to finalise: nobody spoke');
      } else {
        const out = join(folder, 'out');
        await rm(out, { recursive: true, force: true });
        await mkdir(out, { recursive: true });
        const job = {
          sessionId,
          timeZero: first.timeZero,
          chunks,
          directory: out,
          mp3Fragments: this.#options.mp3Fragments,
        };
        let told = -10;
        const report = await finaliseInChild(job, {
          signal: this.#closing.signal,
          onProgress: (percent) => {
            if (percent < told + 10) return;
            told = percent;
            logger.info({ percent }, 'finalising');
          },
        });
        await this.#deliver(report, chunks, out);
        const { loudness, truePeak } = report.master.sound;
        logger.info({ fragments: report.fragments.length, loudness, truePeak }, 'finalised');
      }
      await rm(folder, { recursive: true, force: true });
      return true;
    } catch (error) {
      // Stopped on purpose: the next process goes on.
      if (this.#closing.signal.aborted) return false;
      logger.error(
        { err: error },
        'the recording could not be finalised; its chunks are stored, and it is tried again',
      );
      return false;
    }
  }

  /** The chunks of a recording, fetched. A damaged one is left out and shows as missing. */
  async #fetchChunks(sessionId: string, folder: string): Promise<FetchedChunk[]> {
    const { store, logger } = this.#options;
    const into = join(folder, 'chunks');
    await mkdir(into, { recursive: true });
    const chunks: FetchedChunk[] = [];
    for (const { key } of await store.list(chunkPrefix(sessionId))) {
      const path = join(into, key.slice(key.lastIndexOf('/') + 1));
      try {
        const fetched = await store.fetch(key, path);
        const tags = chunkTagsSchema.parse(JSON.parse(oggComments(path)[TRACK_COMMENT] ?? 'null'));
        chunks.push({ ...tags, path, key, ...fetched });
      } catch (error) {
        if (error instanceof PatchbayError && error.code === 'object_unreadable') throw error;
        logger.error({ err: error, key }, 'a chunk is damaged; the recording is finalised without it');
      }
    }
    return chunks;
  }

  async #deliver(report: FinaliseReport, chunks: readonly FetchedChunk[], out: string): Promise<void> {
    const { sessionId } = report;
    const guilds = [...new Set(chunks.map(({ guildId }) => guildId))];
    const made = deliverables(report);
    const receipts: Promise<void>[] = [];
    for (const { file, object } of made)
      receipts.push((await this.#add(file.path, object.key, file.sha256, sessionId)).stored);
    await Promise.all(receipts);
    const manifest = manifestOf(report, chunks);
    const manifestPath = join(out, 'manifest.json');
    const body = JSON.stringify(manifest, null, 1);
    await writeFile(manifestPath, body);
    const sha256 = createHash('sha256').update(body).digest('hex');
    await (await this.#add(manifestPath, manifestKey(sessionId), sha256, sessionId)).stored;
    await this.#tell(report, manifest, guilds);
  }

  #add(path: string, key: string, sha256: string, sessionId: string): Promise<{ stored: Promise<void> }> {
    return this.#options.add(path, { key, metadata: { sha256, 'session-id': sessionId }, context: { sessionId } });
  }

  async #tell(report: FinaliseReport, manifest: Manifest, guilds: readonly string[]): Promise<void> {
    const { sessionId, fragments, master } = report;
    const objects = new Map(manifest.objects.map((object) => [object.key, object]));
    for (const { object } of deliverables(report)) {
      const { key, kind, bytes, sha256, firstSample, endSample, guildId, userId } = object;
      if (kind === 'chunk' || kind === 'master' || !guildId || !userId) continue;
      const own = fragments.find((one) => one.userId === userId && one.firstSample === firstSample);
      await this.#options.report({
        type: 'recording.fragment.stored',
        guildId,
        sessionId,
        userId,
        kind,
        key,
        bytes,
        sha256,
        firstSample,
        samples: endSample - firstSample,
        loudness: own?.sound.loudness ?? null,
        truePeak: own?.sound.truePeak ?? null,
      });
    }
    const mixed = [...objects.values()].find(({ kind }) => kind === 'master');
    if (!mixed) return;
    for (const guildId of guilds) {
      await this.#options.report({
        type: 'recording.master.stored',
        guildId,
        sessionId,
        key: mixed.key,
        bytes: mixed.bytes,
        sha256: mixed.sha256,
        firstSample: 0,
        samples: mixed.endSample,
        loudness: master.sound.loudness,
        truePeak: master.sound.truePeak,
        participants: new Set(fragments.map(({ userId }) => userId)).size,
        complete: manifest.complete,
        manifest: manifestKey(sessionId),
      });
    }
  }
}
