/** The captions of one session on disk, as they come: what a killed process had written is there for the next one. */
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '../../ops/logger.ts';
import type { BookEntry, BookEntryOf } from './entries.ts';

export interface CaptionBookOptions {
  /** The file; what is there stays. */
  path: string;
  sessionId: string;
  timeZero: number;
  /** Everything is written: the transcript can be made. */
  onEnded: () => void;
  logger: Logger;
}

export class CaptionBook {
  readonly #options: CaptionBookOptions;
  readonly #names = new Map<string, string>();
  readonly #guilds = new Map<string, string>();
  #out = '';
  #unwritten: string[] = [];
  #writing: Promise<void> | undefined;

  constructor(options: CaptionBookOptions) {
    this.#options = options;
    // A kill may have left half a line.
    this.#unwritten.push('\n');
    this.add({ type: 'session', v: 1, sessionId: options.sessionId, timeZero: options.timeZero });
  }

  add(entry: BookEntry): void {
    this.#unwritten.push(`${JSON.stringify(entry)}\n`);
    this.#writing ??= this.#write();
  }

  /** Takes note of a name, when it is new. */
  name(guildId: string, userId: string, name: string | undefined): void {
    const key = `${guildId}/${userId}`;
    if (name === undefined || this.#names.get(key) === name) return;
    this.#names.set(key, name);
    this.add({ type: 'name', guildId, userId, name });
  }

  guild(entry: BookEntryOf<'guild'>): void {
    const text = JSON.stringify(entry);
    if (this.#guilds.get(entry.guildId) === text) return;
    this.#guilds.set(entry.guildId, text);
    this.add(entry);
  }

  out(userIds: ReadonlySet<string>): void {
    const sorted = [...userIds].sort();
    if (sorted.join() === this.#out) return;
    this.#out = sorted.join();
    this.add({ type: 'out', userIds: sorted });
  }

  /** Closes the book. */
  async end(): Promise<void> {
    this.add({ type: 'ended', at: Date.now() });
    await this.#writing;
    this.#options.onEnded();
  }

  async #write(): Promise<void> {
    const { path, logger } = this.#options;
    while (this.#unwritten.length > 0) {
      const lines = this.#unwritten.splice(0).join('');
      try {
        await mkdir(dirname(path), { recursive: true });
        await appendFile(path, lines);
      } catch (error) {
        logger.error({ err: error, path }, 'captions could not be written down; check the disk of DATA_DIR');
      }
    }
    this.#writing = undefined;
  }
}
