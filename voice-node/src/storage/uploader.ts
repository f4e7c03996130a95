/**
 * A queue of files on their way to the bucket, durable in a folder: each file lies there with a JSON note that says where it
 * goes. Nothing local is deleted before the stored copy was verified; what a killed process left is taken up at the next start.
 */
import { EventEmitter } from 'node:events';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PatchbayError } from '@patchbay/shared/errors';
import { ulid } from 'ulid';
import { z } from 'zod';
import { realTime, type Scheduler } from '../ops/scheduler.ts';

const noteSchema = z.strictObject({
  key: z.string().min(1),
  metadata: z.looseObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }).catchall(z.string()),
  /** Whatever the giver wants back with `stored`. */
  context: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type UploadNote = z.infer<typeof noteSchema>;

export interface StoredObject extends UploadNote {
  bytes: number;
}

export interface UploaderEvents {
  /** One try failed; it goes on by itself after `retryInMs`. */
  retrying: [{ key: string; error: PatchbayError; retryInMs: number }];
  progress: [{ done: number; waiting: number; percent: number }];
  /** A file waits, given now or left by an earlier process. */
  waiting: [note: UploadNote, bytes: number];
  /** A file was taken out of the queue. */
  dropped: [note: UploadNote, bytes: number];
}

/** What the uploader needs of a bucket. */
export interface PutsObjects {
  /** Stores a file and looks that it is there; answers its length in bytes. */
  put(key: string, path: string, metadata: Record<string, string> & { sha256: string }): Promise<number>;
}

export interface UploaderOptions {
  directory: string;
  store: PutsObjects;
  /** Writes down that the bucket holds the object. Only when it has resolved is the local file deleted. */
  onStored(stored: StoredObject): Promise<void>;
  scheduler?: Scheduler;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

export class Uploader extends EventEmitter<UploaderEvents> {
  readonly #directory: string;
  readonly #store: PutsObjects;
  readonly #onStored: UploaderOptions['onStored'];
  readonly #receipts = new Map<string, () => void>();
  readonly #scheduler: Scheduler;
  #waiting: string[] = [];
  /** The one that is on its way now. */
  #sending: { id: string; over: Promise<void> } | undefined;
  #done = 0;
  #working: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #stopped = false;

  constructor(options: UploaderOptions) {
    super();
    this.#directory = options.directory;
    this.#store = options.store;
    this.#onStored = options.onStored;
    this.#scheduler = options.scheduler ?? realTime;
  }

  /** Takes up what an earlier process left. Call once, before `add`. Returns how many files that was. */
  async start(): Promise<number> {
    await mkdir(this.#directory, { recursive: true });
    const names = await readdir(this.#directory);
    const left = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5));
    for (const id of left.sort()) {
      await this.#announce(id);
      this.#waiting.push(id);
    }
    this.#work();
    return this.#waiting.length;
  }

  /**
   * Moves a finished file into the queue. When this resolves, the file survives the process; `stored` resolves when the bucket holds it
   * and the local one is gone.
   */
  async add(path: string, note: UploadNote): Promise<{ stored: Promise<void> }> {
    const id = ulid();
    const { size } = await stat(path);
    // The note last: a file without a note is not taken up, a note without its file would be.
    await rename(path, this.#file(id));
    await writeFile(this.#file(id, '.tmp'), JSON.stringify(noteSchema.parse(note)));
    await rename(this.#file(id, '.tmp'), this.#file(id, '.json'));
    const stored = new Promise<void>((resolve) => this.#receipts.set(id, resolve));
    this.emit('waiting', note, size);
    this.#waiting.push(id);
    this.#work();
    return { stored };
  }

  /**
   * Takes files out of the queue: they are deleted here and never sent. One that is being sent is waited for; it is stored, or taken out
   * too. Their `stored` resolves.
   */
  async drop(matches: (note: UploadNote) => boolean): Promise<void> {
    for (const id of [...this.#waiting]) {
      const text = await readFile(this.#file(id, '.json'), 'utf8').catch(() => undefined);
      const note = text === undefined ? undefined : noteSchema.parse(JSON.parse(text));
      if (!note || !matches(note)) continue;
      if (this.#sending?.id === id) await this.#sending.over;
      const at = this.#waiting.indexOf(id);
      if (at === -1) continue;
      this.#waiting.splice(at, 1);
      this.emit('dropped', note, (await stat(this.#file(id))).size);
      await this.#forget(id);
    }
  }

  async #announce(id: string): Promise<void> {
    try {
      const note = noteSchema.parse(JSON.parse(await readFile(this.#file(id, '.json'), 'utf8')));
      this.emit('waiting', note, (await stat(this.#file(id))).size);
    } catch (error) {
      // What cannot be read is told when its turn comes.
      if (!(error instanceof Error)) throw error;
    }
  }

  /** Resolves when nothing waits, or with `false` at the deadline: what still waits is kept for the next start. */
  async drain(deadlineMs: number): Promise<boolean> {
    let cancel: () => void = () => undefined;
    const late = new Promise<false>((resolve) => {
      cancel = this.#scheduler.after(deadlineMs, () => resolve(false));
    });
    const drained = await Promise.race([late, this.#drained()]);
    cancel();
    this.#stopped = true;
    this.#wake?.();
    await this.#working;
    return drained;
  }

  async #drained(): Promise<true> {
    while (this.#working) await this.#working;
    return true;
  }

  #work(): void {
    if (this.#stopped || this.#waiting.length === 0) return;
    this.#working ??= this.#run().finally(() => {
      this.#working = undefined;
      this.#work();
    });
  }

  async #run(): Promise<void> {
    let delay = FIRST_RETRY_MS;
    while (!this.#stopped) {
      const [id] = this.#waiting;
      if (id === undefined) return;
      const over = Promise.withResolvers<void>();
      this.#sending = { id, over: over.promise };
      try {
        await this.#upload(id);
        this.#waiting = this.#waiting.filter((other) => other !== id);
        this.#done += 1;
        delay = FIRST_RETRY_MS;
        const total = this.#done + this.#waiting.length;
        this.emit('progress', {
          done: this.#done,
          waiting: this.#waiting.length,
          percent: Math.floor((100 * this.#done) / total),
        });
      } catch (cause) {
        const error =
          cause instanceof PatchbayError
            ? cause
            : new PatchbayError('upload_failed', `Upload ${id} in ${this.#directory} cannot be read.`, { cause });
        this.emit('retrying', { key: id, error, retryInMs: delay });
        // The next one may go through where this one cannot.
        this.#waiting = [...this.#waiting.filter((other) => other !== id), id];
        this.#sending = undefined;
        over.resolve();
        await this.#pause(delay);
        delay = Math.min(LAST_RETRY_MS, delay * 2);
      } finally {
        this.#sending = undefined;
        over.resolve();
      }
    }
  }

  async #upload(id: string): Promise<void> {
    const note = noteSchema.parse(JSON.parse(await readFile(this.#file(id, '.json'), 'utf8')));
    const metadata = note.metadata as Record<string, string> & { sha256: string };
    const bytes = await this.#store.put(note.key, this.#file(id), metadata);
    await this.#onStored({ ...note, bytes });
    await this.#forget(id);
  }

  async #forget(id: string): Promise<void> {
    // The note first: a file without one is not taken up again.
    await rm(this.#file(id, '.json'), { force: true });
    await rm(this.#file(id), { force: true });
    this.#receipts.get(id)?.();
    this.#receipts.delete(id);
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#scheduler.after(delayMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  #file(id: string, ending = ''): string {
    return join(this.#directory, `${id}${ending}`);
  }
}
