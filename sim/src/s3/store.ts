/** Where the objects are: in memory, or in a folder that outlives the process. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface StoredObject {
  data: Buffer;
  /** With quotes, as in the header. */
  etag: string;
  contentType: string;
  metadata: Record<string, string>;
  /** Checksums that came with the upload: algorithm → base64, with `-<parts>` where it was made of parts. */
  checksums?: Record<string, string>;
  /** How it was asked to be encrypted at rest, by the names of the headers. Nothing is: the stand-in keeps it as it came. */
  encryption?: Record<string, string>;
  /** ms since the epoch. */
  modifiedAt: number;
}

export interface ObjectShelf {
  get(key: string): Promise<StoredObject | undefined>;
  put(key: string, object: StoredObject): Promise<void>;
  remove(key: string): Promise<void>;
  /** All keys in the order of their UTF-8 bytes. */
  keys(): Promise<string[]>;
}

export const etagOf = (data: Uint8Array): string => `"${createHash('md5').update(data).digest('hex')}"`;

const inOrder = (keys: Iterable<string>): string[] =>
  [...keys].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));

export class MemoryShelf implements ObjectShelf {
  readonly #objects = new Map<string, StoredObject>();

  async get(key: string): Promise<StoredObject | undefined> {
    return this.#objects.get(key);
  }

  async put(key: string, object: StoredObject): Promise<void> {
    this.#objects.set(key, object);
  }

  async remove(key: string): Promise<void> {
    this.#objects.delete(key);
  }

  async keys(): Promise<string[]> {
    return inOrder(this.#objects.keys());
  }
}

/** Two files an object, named by the key in hex: no key can leave the folder or clash with another. */
export class FolderShelf implements ObjectShelf {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async get(key: string): Promise<StoredObject | undefined> {
    try {
      const note = JSON.parse(await readFile(this.#file(key, '.json'), 'utf8')) as Omit<StoredObject, 'data'>;
      return { ...note, data: await readFile(this.#file(key, '.data')) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async put(key: string, { data, ...note }: StoredObject): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    await writeFile(this.#file(key, '.data'), data);
    await writeFile(this.#file(key, '.tmp'), JSON.stringify(note));
    await rename(this.#file(key, '.tmp'), this.#file(key, '.json'));
  }

  async remove(key: string): Promise<void> {
    await rm(this.#file(key, '.json'), { force: true });
    await rm(this.#file(key, '.data'), { force: true });
  }

  async keys(): Promise<string[]> {
    await mkdir(this.#directory, { recursive: true });
    const names = (await readdir(this.#directory)).filter((name) => name.endsWith('.json'));
    return inOrder(names.map((name) => Buffer.from(name.slice(0, -5), 'hex').toString('utf8')));
  }

  #file(key: string, ending: string): string {
    return join(this.#directory, `${Buffer.from(key, 'utf8').toString('hex')}${ending}`);
  }
}
