/** What one bucket does, without HTTP: objects, multipart uploads, listing. */
import { createHash, randomUUID } from 'node:crypto';
import { refusals, S3Error } from './error.ts';
import { compositeChecksums, type Payload } from './payload.ts';
import { etagOf, type ObjectShelf, type StoredObject } from './store.ts';

export interface Upload {
  key: string;
  contentType: string;
  metadata: Record<string, string>;
  encryption: Record<string, string>;
  parts: Map<number, Payload & { etag: string }>;
}

export interface Listing {
  objects: { key: string; object: StoredObject }[];
  prefixes: string[];
  next: string | undefined;
}

/** All parts but the last must have at least so many bytes. */
const SMALLEST_PART = 5 * 1024 * 1024;

export class Bucket {
  readonly #shelf: ObjectShelf;
  readonly #uploads = new Map<string, Upload>();

  constructor(shelf: ObjectShelf) {
    this.#shelf = shelf;
  }

  /** @throws {S3Error} NoSuchKey */
  async get(key: string): Promise<StoredObject> {
    const object = await this.#shelf.get(key);
    if (!object) throw refusals.noKey();
    return object;
  }

  /** @throws {S3Error} PreconditionFailed when `onlyIfAbsent` and the key exists. */
  async put(
    key: string,
    { data, checksums }: Payload,
    more: {
      contentType: string;
      metadata: Record<string, string>;
      onlyIfAbsent?: boolean;
      etag?: string;
      encryption?: Record<string, string>;
    },
  ): Promise<StoredObject> {
    if (more.onlyIfAbsent && (await this.#shelf.get(key))) throw refusals.preconditionFailed();
    const { contentType, metadata, etag = etagOf(data), encryption = {} } = more;
    const object: StoredObject = { data, etag, contentType, metadata, checksums, encryption, modifiedAt: Date.now() };
    await this.#shelf.put(key, object);
    return object;
  }

  async remove(key: string): Promise<void> {
    await this.#shelf.remove(key);
  }

  /** Changes the byte in the middle of a stored object (an empty one gains a byte); all that is said of it stays. */
  async damage(key: string): Promise<void> {
    const object = await this.get(key);
    const data = object.data.length === 0 ? Buffer.alloc(1) : Buffer.from(object.data);
    const middle = data.length >> 1;
    data[middle] = (data[middle] ?? 0) ^ 0xff;
    await this.#shelf.put(key, { ...object, data });
  }

  keys(): Promise<string[]> {
    return this.#shelf.keys();
  }

  async list(options: { prefix: string; delimiter: string; after: string; limit: number }): Promise<Listing> {
    const listing: Listing = { objects: [], prefixes: [], next: undefined };
    for (const key of await this.#shelf.keys()) {
      if (!key.startsWith(options.prefix) || key <= options.after) continue;
      const cut = options.delimiter ? key.indexOf(options.delimiter, options.prefix.length) : -1;
      const prefix = cut >= 0 ? key.slice(0, cut + options.delimiter.length) : undefined;
      if (prefix !== undefined && (listing.prefixes.at(-1) === prefix || options.after.startsWith(prefix))) continue;
      if (listing.objects.length + listing.prefixes.length >= options.limit) {
        listing.next =
          listing.prefixes.at(-1) && (listing.prefixes.at(-1) ?? '') > (listing.objects.at(-1)?.key ?? '')
            ? listing.prefixes.at(-1)
            : listing.objects.at(-1)?.key;
        return listing;
      }
      if (prefix === undefined) listing.objects.push({ key, object: await this.get(key) });
      else listing.prefixes.push(prefix);
    }
    return listing;
  }

  beginUpload(
    key: string,
    contentType: string,
    metadata: Record<string, string>,
    encryption: Record<string, string> = {},
  ): string {
    const id = randomUUID();
    this.#uploads.set(id, { key, contentType, metadata, encryption, parts: new Map() });
    return id;
  }

  /** @throws {S3Error} NoSuchUpload */
  putPart(id: string, key: string, number: number, { data, checksums }: Payload): string {
    const upload = this.#upload(id, key);
    if (!(number >= 1 && number <= 10_000)) throw refusals.malformed('partNumber must be 1 to 10000.');
    const etag = etagOf(data);
    upload.parts.set(number, { data, checksums, etag });
    return etag;
  }

  /** @throws {S3Error} InvalidPart, InvalidPartOrder, EntityTooSmall */
  async completeUpload(id: string, key: string, named: { number: number; etag: string }[]): Promise<StoredObject> {
    const upload = this.#upload(id, key);
    const parts = named.map(({ number, etag }) => {
      const part = upload.parts.get(number);
      if (!part || part.etag.replaceAll('"', '') !== etag.replaceAll('"', '')) {
        throw new S3Error('InvalidPart', 400, `Part ${number} could not be found, or its ETag differs.`);
      }
      return part;
    });
    if (parts.length === 0) throw refusals.malformed('Name at least one part.');
    if (named.some(({ number }, index) => index > 0 && number <= (named[index - 1]?.number ?? 0))) {
      throw new S3Error('InvalidPartOrder', 400, 'Parts must be listed in ascending order.');
    }
    if (parts.slice(0, -1).some(({ data }) => data.length < SMALLEST_PART)) {
      throw new S3Error('EntityTooSmall', 400, 'A part that is not the last is smaller than 5 MiB.');
    }
    const hash = createHash('md5');
    for (const { etag } of parts) hash.update(Buffer.from(etag.replaceAll('"', ''), 'hex'));
    const whole = {
      data: Buffer.concat(parts.map(({ data }) => data)),
      checksums: compositeChecksums(parts.map(({ checksums }) => checksums)),
    };
    const object = await this.put(key, whole, {
      contentType: upload.contentType,
      metadata: upload.metadata,
      encryption: upload.encryption,
      etag: `"${hash.digest('hex')}-${parts.length}"`,
    });
    this.#uploads.delete(id);
    return object;
  }

  /** @throws {S3Error} NoSuchUpload */
  abortUpload(id: string, key: string): void {
    this.#upload(id, key);
    this.#uploads.delete(id);
  }

  #upload(id: string, key: string): Upload {
    const upload = this.#uploads.get(id);
    if (!upload || upload.key !== key) throw refusals.noUpload();
    return upload;
  }
}
