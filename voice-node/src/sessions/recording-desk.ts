/** Where sessions get their recordings, and where finished chunks go. */
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { snowflake, ulidSchema } from '@patchbay/shared/ids';
import { type ChunkMetadata, chunkKey } from '@patchbay/shared/object-keys';
import { z } from 'zod';
import { now } from '../ops/clock.ts';
import type { Logger } from '../ops/logger.ts';
import type { Chunk } from '../recording/chunks/build-chunks.ts';
import { RecordingRun } from '../recording/run/recording-run.ts';
import { type Recovered, recover } from '../recording/run/recover.ts';
import type { HandOver } from '../recording/run/segment-queue.ts';
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

/** The event of a chunk that the bucket holds now; undefined: the object is none. */
export function chunkStored({ key, bytes, metadata, context }: StoredObject): NodeEventDraft | undefined {
  const chunk = contextSchema.safeParse(context);
  if (!chunk.success) return undefined;
  return { type: 'recording.chunk.stored', ...chunk.data, key, bytes, sha256: metadata.sha256 };
}

/** Where a finished chunk goes, and what is told of it. Named by the instant of its first sample. */
export function noteOf(chunk: Chunk): UploadNote {
  const { sessionId, guildId, userId, timeZero, firstSample, samples, lostPackets, sha256 } = chunk;
  const metadata: ChunkMetadata = {
    'session-id': sessionId,
    'user-id': userId,
    'guild-id': guildId,
    'time-zero': String(timeZero),
    'first-sample': String(firstSample),
    samples: String(samples),
    'lost-packets': String(lostPackets),
    sha256,
  };
  return {
    key: chunkKey(sessionId, userId, timeZero + firstSample / 48),
    metadata: { ...metadata },
    context: { sessionId, guildId, userId, firstSample, samples, lostPackets },
  };
}

/** So long the control plane has to say that a session whose recording was cut off goes on; then it is taken for over. ms */
const RESUME_WAIT_MS = 20_000;

export interface RecordingDeskOptions {
  /** Holds a folder for each recording. */
  directory: string;
  /** Takes a file for the bucket; when it resolves, the file survives the process. */
  add: (path: string, note: UploadNote) => Promise<{ stored: Promise<void> }>;
  /**
   * Everything that was recorded of a session so far is stored, and nothing of it is being recorded; for `waitMs` it may still turn out
   * that the session goes on. When it resolves, the notice survives the process.
   */
  onComplete?: (sessionId: string, waitMs: number) => Promise<void>;
  logger: Logger;
}

export class RecordingDesk {
  readonly #options: RecordingDeskOptions;
  readonly #handOver: HandOver;
  readonly #running = new Set<string>();
  /** Sessions whose recording was cut off, and the last packet that was kept. ms since the epoch */
  readonly #cutOff = new Map<string, number>();

  constructor(options: RecordingDeskOptions) {
    this.#options = options;
    this.#handOver = (chunk) => options.add(chunk.path, noteOf(chunk));
  }

  /**
   * Begins a recording of a session. Its folder is gone when everything is stored. A session that goes on after its recording was cut
   * off keeps its time zero: the new part begins now, and what lies between is noted as an outage.
   *
   * @throws {PatchbayError} `journal_unwritable`, `disk_full`
   */
  async open(sessionId: string, timeZero: number, wantedAt: number): Promise<RecordingRun> {
    const lastKept = this.#cutOff.get(sessionId);
    const startedAt = lastKept === undefined ? wantedAt : now();
    const directory = join(this.#options.directory, `${sessionId}-${Math.round(startedAt)}`);
    const logger = this.#options.logger.child({ sessionId });
    this.#running.add(directory);
    const run = await RecordingRun.open({ sessionId, timeZero, startedAt, directory, handOver: this.#handOver }).catch(
      (error) => {
        this.#running.delete(directory);
        throw error;
      },
    );
    if (lastKept !== undefined) {
      this.#cutOff.delete(sessionId);
      run.note({ type: 'outage', at: lastKept, until: startedAt, reason: 'The voice node was restarted.' });
    }
    run.on('segmentFailed', (error, segment) =>
      logger.error(
        { err: error, segment },
        'a part of the journal could not be made into chunks; it is kept for the next start',
      ),
    );
    run.on('damaged', (bytes, segment) => logger.warn({ bytes, segment }, 'a part of the journal is damaged'));
    run.on('finished', () => {
      void this.#clear(run, directory, sessionId).catch((error) =>
        logger.error({ err: error }, 'the folder of a recording could not be cleared'),
      );
    });
    return run;
  }

  async #clear(run: RecordingRun, directory: string, sessionId: string): Promise<void> {
    const whole = await run.stored();
    this.#running.delete(directory);
    if (!whole) return;
    // The folder last: a process that is killed in between finds it, and asks again for the recording to be finalised.
    await this.#complete(sessionId, 0);
    await rm(directory, { recursive: true, force: true });
  }

  /** Is anything of the session being recorded now, or on its way to the bucket? */
  isBusy(sessionId: string): boolean {
    return [...this.#running].some((directory) => basename(directory).startsWith(`${sessionId}-`));
  }

  async #complete(sessionId: string, waitMs: number): Promise<void> {
    if (!this.isBusy(sessionId)) await this.#options.onComplete?.(sessionId, waitMs);
  }

  async #follow({ directory, header: { sessionId }, lastArrival, segments, sealed, stored }: Recovered): Promise<void> {
    const { damagedBytes } = await sealed;
    const about = { sessionId, lastArrival, segments, damagedBytes };
    this.#options.logger.info(about, 'a recording that was cut off is sealed');
    if (!(await stored)) return;
    await this.#complete(sessionId, RESUME_WAIT_MS);
    await rm(directory, { recursive: true, force: true });
  }

  /** Seals and hands over what killed processes left. Call before anything is recorded. */
  async recover(): Promise<Recovered[]> {
    const { directory, logger } = this.#options;
    const recovered = await recover({
      directory,
      running: this.#running,
      handOver: this.#handOver,
      onFailed: (error, folder, segment) =>
        logger.error({ err: error, folder, segment }, 'a journal could not be recovered; it is kept'),
      onProgress: (progress) => logger.info(progress, 'recovering a recording'),
    });
    for (const one of recovered) {
      const { sessionId, timeZero } = one.header;
      this.#cutOff.set(sessionId, Math.max(this.#cutOff.get(sessionId) ?? 0, one.lastArrival ?? timeZero));
      void this.#follow(one).catch((error) =>
        logger.error({ err: error, sessionId }, 'a recording that was cut off could not be stored'),
      );
    }
    return recovered;
  }
}
