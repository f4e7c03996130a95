/**
 * Makes transcripts when sessions are over. A job is the folder in which the session's captions were written down, so that the
 * next process takes up what this one did not finish.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PatchbayError } from '@patchbay/shared/errors';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { transcriptKey } from '@patchbay/shared/object-keys';
import { backoffMs } from '../../ops/backoff.ts';
import type { Logger } from '../../ops/logger.ts';
import { realTime, type Scheduler } from '../../ops/scheduler.ts';
import type { UploadNote } from '../../storage/uploader.ts';
import type { FileEngine } from '../file-engine.ts';
import { CaptionBook } from './caption-book.ts';
import { type BookEntry, readEntries } from './entries.ts';
import { type HeardLater, type Transcript, transcriptOf, without } from './parts.ts';
import { type ReadsBucket, recordedFragments } from './recorded.ts';
import { render, transcriptFormats } from './render.ts';
import { secondPass } from './second-pass.ts';

const BOOK = 'captions.jsonl';
/** A session whose captions were cut off has so long to go on; then it is taken for over. ms */
export const RESUME_WAIT_MS = 20_000;
/** So long the recording has to be finalised, by whichever node; then the transcript is made without it. ms */
const RECORDING_WAIT_MS = 12 * 60 * 60 * 1000;

export interface TranscriptDeskOptions {
  /** Holds a folder for each session. */
  directory: string;
  store: ReadsBucket;
  /** Takes a file for the bucket; `stored` resolves when it is there. */
  add: (path: string, note: UploadNote) => Promise<{ stored: Promise<void> }>;
  /** Absent: there is no second pass. */
  engine: FileEngine | undefined;
  /** Reports an event; resolves when it survives the process. */
  report: (draft: NodeEventDraft) => Promise<void>;
  logger: Logger;
  scheduler?: Scheduler;
}

export class TranscriptDesk {
  readonly #options: TranscriptDeskOptions;
  readonly #scheduler: Scheduler;
  /** Sessions whose captions are being written. */
  readonly #open = new Set<string>();
  readonly #working = new Map<string, Promise<void>>();
  /** Sessions that wait for something, and how to look again at once. */
  readonly #waiting = new Map<string, () => void>();
  #closed = false;

  constructor(options: TranscriptDeskOptions) {
    this.#options = options;
    this.#scheduler = options.scheduler ?? realTime;
  }

  /** Begins to write down the captions of a session, or goes on with them. */
  open(sessionId: string, timeZero: number): CaptionBook {
    this.#open.add(sessionId);
    return new CaptionBook({
      path: join(this.#folder(sessionId), BOOK),
      sessionId,
      timeZero,
      logger: this.#options.logger,
      onEnded: () => {
        this.#open.delete(sessionId);
        this.#start(sessionId);
      },
    });
  }

  /** Takes up what an earlier process left. Answers how many sessions that is. */
  async start(): Promise<number> {
    await mkdir(this.#options.directory, { recursive: true });
    const left = await readdir(this.#options.directory);
    for (const sessionId of left) {
      const entries = await this.#entries(sessionId);
      if (entries.at(-1)?.type === 'ended') this.#start(sessionId);
      else this.#scheduler.after(RESUME_WAIT_MS, () => this.#start(sessionId));
    }
    return left.length;
  }

  /** The recording of a session was finalised: what waits for it goes on. */
  recordingMade(sessionId: string): void {
    this.#waiting.get(sessionId)?.();
  }

  /**
   * Takes people out of a stored transcript, or out of the one that is to be made.
   *
   * @throws {PatchbayError} when the bucket cannot be read or written
   */
  async withdraw(sessionId: string, userIds: readonly string[]): Promise<void> {
    const { store, directory, logger } = this.#options;
    // A session that goes on is told of them by its spec.
    if (this.#open.has(sessionId)) return;
    const known = await this.#entries(sessionId);
    if (known.length > 0) {
      const before = known.findLast((entry) => entry.type === 'out')?.userIds ?? [];
      const book = new CaptionBook({
        path: join(this.#folder(sessionId), BOOK),
        sessionId,
        timeZero: 0,
        logger,
        onEnded: () => undefined,
      });
      book.out(new Set([...before, ...userIds]));
      await book.end();
      return;
    }
    const key = transcriptKey(sessionId, 'json');
    if ((await store.list(key)).length === 0) return;
    const scratch = join(directory, `${sessionId}.withdraw`);
    await mkdir(scratch, { recursive: true });
    await store.fetch(key, join(scratch, 'old.json'));
    const old = JSON.parse(await readFile(join(scratch, 'old.json'), 'utf8')) as Transcript;
    await this.#store(without(old, new Set(userIds)), scratch);
    await rm(scratch, { recursive: true, force: true });
  }

  /** Stops after what is being done; the next process goes on. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of [...this.#waiting.values()]) wake();
    await Promise.all(this.#working.values());
  }

  #folder(sessionId: string): string {
    return join(this.#options.directory, sessionId);
  }

  #start(sessionId: string): void {
    if (this.#closed || this.#open.has(sessionId) || this.#working.has(sessionId)) return;
    const work = this.#work(sessionId).finally(() => this.#working.delete(sessionId));
    this.#working.set(sessionId, work);
  }

  async #work(sessionId: string): Promise<void> {
    for (let attempt = 0; !this.#closed && !this.#open.has(sessionId); attempt += 1) {
      try {
        if (await this.#make(sessionId)) return;
      } catch (error) {
        const problem = error instanceof PatchbayError ? error.code : 'unknown';
        this.#options.logger.warn(
          { err: error, sessionId, problem },
          'the transcript is not made yet; it is tried again',
        );
      }
      await this.#pause(sessionId, backoffMs(attempt, { first: 5_000, most: 300_000 }));
    }
  }

  /** False: it has to wait for the recording. */
  async #make(sessionId: string): Promise<boolean> {
    const { logger } = this.#options;
    const folder = this.#folder(sessionId);
    const entries = await this.#entries(sessionId);
    const later = await this.#heardLater(sessionId, entries);
    if (!later) return false;
    const transcript = transcriptOf(sessionId, entries, later);
    if (transcript.parts.length === 0 && transcript.missing.length === 0) {
      logger.info({ sessionId }, 'no transcript: nobody said anything');
    } else {
      const objects = await this.#store(transcript, folder);
      const prerecorded = transcript.parts.filter(({ source }) => source === 'prerecorded').length;
      const live = transcript.parts.length - prerecorded;
      const guilds = new Set(entries.flatMap((entry) => (entry.type === 'guild' ? [entry.guildId] : [])));
      for (const guildId of guilds) {
        await this.#options.report({ type: 'transcript.stored', guildId, sessionId, objects, live, prerecorded });
      }
      logger.info({ sessionId, live, prerecorded, missing: transcript.missing.length }, 'a transcript is stored');
    }
    // A session that goes on after all writes a new book of the rest.
    if (!this.#open.has(sessionId)) await rm(folder, { recursive: true, force: true });
    return true;
  }

  /** What the recording says where that is wanted; `undefined`: there is no recording yet. */
  async #heardLater(sessionId: string, entries: readonly BookEntry[]): Promise<HeardLater[] | undefined> {
    const { engine, store, logger } = this.#options;
    const guilds = entries.flatMap((entry) => (entry.type === 'guild' ? [entry] : []));
    const isRecorded = guilds.some(({ recorded }) => recorded);
    const isWanted =
      guilds.some(({ prerecorded }) => prerecorded === 'all') || entries.some(({ type }) => type === 'lost');
    if (!engine || !isRecorded || !isWanted) return [];
    const directory = this.#folder(sessionId);
    const fragments = await recordedFragments(store, sessionId, join(directory, 'manifest.json'));
    if (!fragments) {
      const ended = entries.findLast((entry) => entry.type === 'ended')?.at ?? 0;
      if (Date.now() - ended < RECORDING_WAIT_MS) return undefined;
      logger.warn({ sessionId }, 'the recording was not finalised in time; the transcript is made without it');
      return [];
    }
    return secondPass(fragments, entries, { store, engine, directory, logger });
  }

  async #store(
    transcript: Transcript,
    directory: string,
  ): Promise<{ key: string; format: 'txt' | 'vtt' | 'srt' | 'json'; bytes: number; sha256: string }[]> {
    const { sessionId } = transcript;
    const objects = [];
    const receipts: Promise<void>[] = [];
    for (const format of transcriptFormats) {
      const body = Buffer.from(render(transcript, format));
      const key = transcriptKey(sessionId, format);
      const sha256 = createHash('sha256').update(body).digest('hex');
      const path = join(directory, `transcript.${format}`);
      await writeFile(path, body);
      const metadata = { sha256, 'session-id': sessionId };
      receipts.push((await this.#options.add(path, { key, metadata, context: { sessionId } })).stored);
      objects.push({ key, format, bytes: body.length, sha256 });
    }
    await Promise.all(receipts);
    return objects;
  }

  async #entries(sessionId: string): Promise<BookEntry[]> {
    const text = await readFile(join(this.#folder(sessionId), BOOK), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    return readEntries(text);
  }

  /** Waits, or until the recording is there, or the end. */
  #pause(sessionId: string, delayMs: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#scheduler.after(delayMs, () => wake());
      const wake = (): void => {
        cancel();
        this.#waiting.delete(sessionId);
        resolve();
      };
      this.#waiting.set(sessionId, wake);
    });
  }
}
