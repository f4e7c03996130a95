/** Looks how much room the disk has while something is recorded; below a limit the recordings stop, as long as what they wrote can be stored. */
import { statfs } from 'node:fs/promises';
import { PatchbayError } from '@patchbay/shared/errors';
import type { Logger } from '../../ops/logger.ts';
import { realTime, type Scheduler } from '../../ops/scheduler.ts';
import { type DiskLevel, type DiskLimits, diskLevel, ratePerHour } from './disk-policy.ts';

export type { DiskLevel } from './disk-policy.ts';

/** ms */
export const LOOK_EVERY_MS = 10_000;
/** The rate is that of the last minute. */
const READINGS = 7;

/** What is watched of a recording. */
export interface Writes {
  readonly written: number;
  fail(error: PatchbayError): void;
}

export interface DiskGuardOptions extends DiskLimits {
  directory: string;
  /** Bytes that are free; tests put their own here. */
  free?: (directory: string) => Promise<number>;
  scheduler?: Scheduler;
  logger: Logger;
}

/** Bytes that the process may write on the disk of a folder. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

export class DiskGuard {
  readonly #options: DiskGuardOptions;
  readonly #scheduler: Scheduler;
  readonly #runs = new Set<Writes>();
  readonly #listeners = new Set<(level: DiskLevel) => void>();
  #readings: { at: number; written: number }[] = [];
  /** Of recordings that are over. */
  #writtenBefore = 0;
  #level: DiskLevel = 'fine';
  #cancel: (() => void) | undefined;

  constructor(options: DiskGuardOptions) {
    this.#options = options;
    this.#scheduler = options.scheduler ?? realTime;
  }

  /** @throws {PatchbayError} `disk_full` when there is no room to begin a recording. */
  async mayRecord(): Promise<void> {
    await this.look();
    if (this.#level === 'full') throw this.#full();
  }

  /** Looks after a recording until the returned function is called. */
  watch(run: Writes): () => void {
    this.#runs.add(run);
    this.#arm();
    return () => {
      if (!this.#runs.delete(run)) return;
      this.#writtenBefore += run.written;
      if (this.#runs.size > 0) return;
      this.#cancel?.();
      this.#cancel = undefined;
      this.#readings = [];
    };
  }

  /** Tells the level now, and when it changes. Returns the function that ends it. */
  follow(listener: (level: DiskLevel) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#level);
    return () => void this.#listeners.delete(listener);
  }

  /** Looks now. Never throws: a disk that does not answer is as it was. */
  async look(): Promise<void> {
    const { directory, free: freeOf = freeBytes, logger } = this.#options;
    let free: number;
    try {
      free = await freeOf(directory);
    } catch (error) {
      logger.warn({ err: error }, 'the free space of DATA_DIR cannot be read');
      return;
    }
    const written = [...this.#runs].reduce((sum, run) => sum + run.written, this.#writtenBefore);
    this.#readings = [...this.#readings, { at: this.#scheduler.now(), written }].slice(-READINGS);
    const bytesPerHour = ratePerHour(this.#readings);
    const level = diskLevel({ free, bytesPerHour }, this.#options, this.#level);
    if (level !== this.#level) {
      this.#level = level;
      const about = { level, freeMb: Math.floor(free / 1e6), mbPerHour: Math.round(bytesPerHour / 1e6) };
      if (level === 'fine') logger.info(about, 'the disk of DATA_DIR has room again');
      else logger.warn(about, 'the disk of DATA_DIR is nearly full');
      for (const listener of [...this.#listeners]) listener(level);
    }
    if (level === 'full') for (const run of [...this.#runs]) run.fail(this.#full());
  }

  #arm(): void {
    this.#cancel ??= this.#scheduler.after(LOOK_EVERY_MS, () => {
      this.#cancel = undefined;
      void this.look().then(() => {
        if (this.#runs.size > 0) this.#arm();
      });
    });
  }

  #full(): PatchbayError {
    const megabytes = Math.round(this.#options.stopBytes / 2 ** 20);
    return new PatchbayError(
      'disk_full',
      `Less than ${megabytes} MB are free on the voice node's disk (DATA_DIR): it does not record. Make room on it.`,
    );
  }
}
