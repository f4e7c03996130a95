/**
 * Appends to one journal: every record that came within a turn of the event loop goes out with one `writev` at its end, once a second the
 * file is forced to disk. A killed process loses what came in the turn at hand, a power failure what came since the last second. On a
 * timer instead the loss would grow with the load that delays timers, where more packets come in a turn and share its `writev`.
 *
 * Writing is synchronous: into the page cache it takes microseconds, and an asynchronous write would wait in the thread pool behind
 * every other one of the process, for up to 180 ms in measurements.
 */
import { closeSync, fdatasync, fdatasyncSync, openSync, writevSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PatchbayError } from '@patchbay/shared/errors';
import { realTime, type Scheduler } from '../../ops/scheduler.ts';

/** ms */
export const SYNC_EVERY_MS = 1_000;
/** `writev` takes so many pieces at most (IOV_MAX). */
const MAX_PIECES = 1_024;
const sync = promisify(fdatasync);

export interface JournalWriterOptions {
  directory: string;
  /** Index of the first segment to write; its file must not be there yet. */
  segment: number;
  /** The disk refused. Nothing more is written; what was written stays readable. Called once. */
  onFailed(error: PatchbayError): void;
  scheduler?: Scheduler;
}

/** The file of a segment. */
export function segmentPath(directory: string, segment: number): string {
  return join(directory, `${String(segment).padStart(6, '0')}.journal`);
}

export class JournalWriter {
  readonly #options: JournalWriterOptions;
  readonly #scheduler: Scheduler;
  #file: number;
  #segment: number;
  #pending: Uint8Array[] = [];
  #cancelWrite: (() => void) | undefined;
  #cancelSync: (() => void) | undefined;
  #dirty = false;
  #syncing: Promise<void> = Promise.resolve();
  #failed = false;

  /** @throws {PatchbayError} `journal_unwritable` when the first segment cannot be made. */
  constructor(options: JournalWriterOptions) {
    this.#options = options;
    this.#scheduler = options.scheduler ?? realTime;
    this.#segment = options.segment;
    try {
      this.#file = openSync(segmentPath(options.directory, options.segment), 'ax');
    } catch (cause) {
      throw unwritable(options.directory, cause);
    }
  }

  /** The segment that is written now. */
  get segment(): number {
    return this.#segment;
  }

  /** Takes a record. Never throws and never waits. */
  append(record: Uint8Array): void {
    if (this.#failed) return;
    this.#pending.push(record);
    this.#cancelWrite ??= this.#scheduler.afterInput(() => {
      this.#cancelWrite = undefined;
      this.flush();
    });
  }

  /** Writes what waits. */
  flush(): void {
    const pieces = this.#pending;
    if (pieces.length === 0 || this.#failed) return;
    this.#pending = [];
    try {
      for (let start = 0; start < pieces.length; start += MAX_PIECES)
        this.#write(pieces.slice(start, start + MAX_PIECES));
    } catch (cause) {
      this.#fail(cause);
      return;
    }
    this.#dirty = true;
    this.#cancelSync ??= this.#scheduler.after(SYNC_EVERY_MS, () => {
      this.#cancelSync = undefined;
      this.#sync();
    });
  }

  /** Ends the segment and begins the next one. Returns the index of the one that ended; it is on disk. */
  rotate(): number {
    const ended = this.#segment;
    this.flush();
    if (this.#failed) return ended;
    const old = this.#file;
    try {
      this.#file = openSync(segmentPath(this.#options.directory, ended + 1), 'ax');
      this.#segment = ended + 1;
    } catch (cause) {
      this.#fail(cause);
      return ended;
    }
    // A sync under way holds the old file open until it is through.
    this.#syncing = this.#syncing.then(async () => {
      try {
        await sync(old);
      } catch (cause) {
        this.#fail(cause);
      } finally {
        closeSync(old);
      }
    });
    return ended;
  }

  /** Writes the rest, forces it to disk and closes. Returns the last segment. */
  async close(): Promise<number> {
    this.#cancelWrite?.();
    this.#cancelSync?.();
    this.flush();
    await this.#syncing;
    try {
      if (!this.#failed) fdatasyncSync(this.#file);
    } catch (cause) {
      this.#fail(cause);
    }
    this.#failed = true;
    closeSync(this.#file);
    return this.#segment;
  }

  #write(pieces: Uint8Array[]): void {
    let left = pieces;
    while (left.length > 0) {
      let written = writevSync(this.#file, left);
      // A short write happens on a disk that is nearly full: the rest is tried once more and then refused with ENOSPC.
      let index = 0;
      while (index < left.length && written >= (left[index]?.length ?? 0)) {
        written -= left[index]?.length ?? 0;
        index += 1;
      }
      const [first, ...rest] = left.slice(index);
      left = first ? [first.subarray(written), ...rest] : [];
    }
  }

  #sync(): void {
    if (!this.#dirty || this.#failed) return;
    this.#dirty = false;
    const file = this.#file;
    this.#syncing = this.#syncing.then(() => sync(file)).catch((cause: unknown) => this.#fail(cause));
  }

  #fail(cause: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#pending = [];
    this.#options.onFailed(unwritable(this.#options.directory, cause));
  }
}

function unwritable(directory: string, cause: unknown): PatchbayError {
  const full = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC';
  return full
    ? new PatchbayError('disk_full', `The disk of ${directory} is full: the recording stops. Make room on it.`, {
        cause,
      })
    : new PatchbayError(
        'journal_unwritable',
        `The journal in ${directory} cannot be written. Check the disk's space and permissions.`,
        { cause },
      );
}
