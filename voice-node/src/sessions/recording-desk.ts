/** Where sessions get their recordings, and where finished chunks go. */
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { backoffMs } from '../ops/backoff.ts';
import { now } from '../ops/clock.ts';
import type { Logger } from '../ops/logger.ts';
import { realTime, type Scheduler } from '../ops/scheduler.ts';
import type { Chunk } from '../recording/chunks/build-chunks.ts';
import { guildsOf } from '../recording/chunks/run-state.ts';
import type { DiskGuard, DiskLevel } from '../recording/disk/disk-guard.ts';
import { RecordingRun } from '../recording/run/recording-run.ts';
import { type Recovered, recover } from '../recording/run/recover.ts';
import type { Erase, HandOver } from '../recording/run/segment-queue.ts';
import type { UploadNote } from '../storage/uploader.ts';
import { noteOf } from './chunk-note.ts';

/** What could not be made into chunks is tried again, first after so long, and at most so long after the last try. ms */
const AGAIN = { first: 5_000, most: 300_000 };

export interface RecordingDeskOptions {
  /** Holds a folder for each recording. */
  directory: string;
  /** Takes a file for the bucket; when it resolves, the file survives the process. */
  add: (path: string, note: UploadNote) => Promise<{ stored: Promise<void> }>;
  /**
   * Everything that was recorded of a session so far is stored, and nothing of it is being recorded. `guilds`: whose legs or people are in
   * it. When it resolves, the notice survives the process.
   */
  onComplete?: (sessionId: string, guilds: string[]) => Promise<void>;
  /** A chunk of a recording that runs is on its way to the bucket. */
  onChunk?: (chunk: Chunk) => void;
  /** Takes what came after an opt-out out of what the bucket holds. Resolves when that is done. */
  erase?: Erase;
  /** Looks after the room on the disk; absent: nobody does. */
  disk?: DiskGuard;
  /** How far the taking up of a recording that was cut off is: 0 to 100. */
  onRecovering?: (sessionId: string, percent: number) => void;
  scheduler?: Scheduler;
  logger: Logger;
}

export class RecordingDesk {
  readonly #options: RecordingDeskOptions;
  readonly #handOver: HandOver;
  readonly #running = new Set<string>();
  /** Chunks of each session that are on their way to the bucket. */
  readonly #underWay = new Map<string, Set<Promise<void>>>();
  /** Parts that an earlier process left and the bucket does not hold yet. */
  readonly #recovering = new Set<string>();
  readonly #runs = new Map<string, RecordingRun>();
  /** Guilds of parts that are stored while another part of the session is not. */
  readonly #guilds = new Map<string, Set<string>>();
  /** Sessions whose recording was cut off, the last packet that was kept (ms since the epoch), and who was there. */
  readonly #cutOff = new Map<string, { at: number; staying: ReadonlySet<string> }>();

  /** Tries in a row to make chunks of what is left. */
  #tries = 0;
  #cancelTry: (() => void) | undefined;

  constructor(options: RecordingDeskOptions) {
    this.#options = options;
    this.#handOver = async (chunk) => {
      const { stored } = await options.add(chunk.path, noteOf(chunk));
      this.#follows(chunk.sessionId, stored);
      return { stored };
    };
  }

  /** How the disk is, and every change of it while something is recorded. Returns the function that ends it. */
  onDisk(listener: (level: DiskLevel) => void): () => void {
    return this.#options.disk?.follow(listener) ?? (() => undefined);
  }

  /** Takes what somebody said between two instants out of what is stored of a session, and what is on its way there. */
  readonly erase: Erase = async (sessionId, erasure) => {
    await Promise.allSettled(this.#underWay.get(sessionId) ?? []);
    await this.#options.erase?.(sessionId, erasure);
  };

  /**
   * Begins a recording of a session. Its folder is gone when everything is stored. A session that goes on after its recording was cut
   * off keeps its time zero: the new part begins now, and what lies between is noted as an outage.
   *
   * @throws {PatchbayError} `journal_unwritable`, `disk_full`
   */
  async open(sessionId: string, timeZero: number, wantedAt: number): Promise<RecordingRun> {
    const resumes = this.#cutOff.get(sessionId);
    const startedAt = resumes ? now() : wantedAt;
    const directory = join(this.#options.directory, `${sessionId}-${Math.round(startedAt)}`);
    const logger = this.#options.logger.child({ sessionId });
    await this.#options.disk?.mayRecord();
    this.#running.add(directory);
    const { erase } = this;
    const { onChunk } = this.#options;
    const run = await RecordingRun.open({
      sessionId,
      timeZero,
      startedAt,
      directory,
      handOver: async (chunk) => {
        const receipt = await this.#handOver(chunk);
        onChunk?.(chunk);
        return receipt;
      },
      erase,
      resumes,
    }).catch((error) => {
      this.#running.delete(directory);
      throw error;
    });
    this.#runs.set(directory, run);
    run.on('finished', this.#options.disk?.watch(run) ?? (() => undefined));
    if (resumes) {
      this.#cutOff.delete(sessionId);
      run.note({ type: 'outage', at: resumes.at, until: startedAt, reason: 'The voice node was restarted.' });
    }
    run.on('segmentFailed', (error, segment) =>
      logger.error(
        { err: error, segment },
        'a part of the journal could not be made into chunks; it is kept and tried again',
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

  #follows(sessionId: string, stored: Promise<void>): void {
    const all = this.#underWay.get(sessionId) ?? new Set();
    this.#underWay.set(sessionId, all);
    all.add(stored);
    const done = (): void => {
      all.delete(stored);
      if (all.size === 0) this.#underWay.delete(sessionId);
    };
    stored.then(done, done);
  }

  async #clear(run: RecordingRun, directory: string, sessionId: string): Promise<void> {
    const whole = await run.stored();
    this.#running.delete(directory);
    this.#runs.delete(directory);
    if (!whole) {
      this.#tryAgain();
      return;
    }
    // The folder last: a process that is killed in between finds it, and tells again.
    await this.#complete(sessionId, directory);
    await rm(directory, { recursive: true, force: true });
  }

  /** Is anything of the session being recorded now, or on its way to the bucket? */
  isBusy(sessionId: string): boolean {
    return [...this.#running, ...this.#recovering].some((directory) => basename(directory).startsWith(`${sessionId}-`));
  }

  /** What is being recorded of the session now. */
  running(sessionId: string): RecordingRun | undefined {
    return [...this.#runs.values()].find(({ header }) => header.sessionId === sessionId);
  }

  async #complete(sessionId: string, directory: string): Promise<void> {
    const guilds = new Set([...(this.#guilds.get(sessionId) ?? []), ...(await guildsOf(directory))]);
    this.#guilds.set(sessionId, guilds);
    if (this.isBusy(sessionId)) return;
    this.#guilds.delete(sessionId);
    await this.#options.onComplete?.(sessionId, [...guilds]);
  }

  async #follow({ directory, header: { sessionId }, lastArrival, segments, sealed, stored }: Recovered): Promise<void> {
    const { damagedBytes } = await sealed;
    const about = { sessionId, lastArrival, segments, damagedBytes };
    this.#options.logger.info(about, 'a recording that was cut off is sealed');
    const whole = await stored.finally(() => this.#recovering.delete(directory));
    if (!whole) {
      this.#tryAgain();
      return;
    }
    this.#tries = 0;
    await this.#complete(sessionId, directory);
    await rm(directory, { recursive: true, force: true });
  }

  /** Seals and hands over what killed processes left. Call before anything is recorded. */
  async recover(): Promise<Recovered[]> {
    const recovered = await this.#takeUp();
    for (const { header, lastArrival, staying } of recovered) {
      const { sessionId, timeZero } = header;
      const at = lastArrival ?? timeZero;
      if (at >= (this.#cutOff.get(sessionId)?.at ?? 0)) this.#cutOff.set(sessionId, { at, staying });
    }
    return recovered;
  }

  /** A disk that was full may have room later: nobody has to start the node anew for it. */
  #tryAgain(): void {
    if (this.#cancelTry) return;
    const { scheduler = realTime, logger } = this.#options;
    this.#cancelTry = scheduler.after(backoffMs(this.#tries, AGAIN), () => {
      this.#cancelTry = undefined;
      this.#takeUp().catch((error) => {
        logger.error({ err: error }, 'what is left of recordings could not be taken up');
        this.#tryAgain();
      });
    });
    this.#tries += 1;
  }

  /** Begins to make chunks of what lies there and nobody writes or reads. */
  async #takeUp(): Promise<Recovered[]> {
    const { directory, logger } = this.#options;
    const recovered = await recover({
      directory,
      running: new Set([...this.#running, ...this.#recovering]),
      handOver: this.#handOver,
      erase: this.erase,
      onFailed: (error, folder, segment) =>
        logger.error({ err: error, folder, segment }, 'a journal could not be recovered; it is kept'),
      onProgress: ({ sessionId, percent }) => this.#options.onRecovering?.(sessionId, percent),
    });
    for (const { directory: folder } of recovered) this.#recovering.add(folder);
    for (const one of recovered) {
      void this.#follow(one).catch((error) =>
        logger.error(
          { err: error, sessionId: one.header.sessionId },
          'a recording that was cut off could not be stored',
        ),
      );
    }
    return recovered;
  }
}
