/** The bucket: S3 or anything that speaks its protocol. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { PatchbayError } from '@patchbay/shared/errors';

export interface ObjectStoreOptions {
  endpoint: string;
  bucket: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** `WHEN_REQUIRED` for servers that do not know S3's newer checksums. */
  checksums?: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED';
  /** The bucket encrypts what is stored: with its own key, or with one of its key service. Absent: as the bucket is set up. */
  encryption?: { algorithm: 'AES256' | 'aws:kms'; kmsKeyId?: string };
}

/** Up to here a file is sent as a buffer, which the client may send again by itself; a longer one is streamed. Bytes. */
const BUFFERED_BYTES = 8 << 20;
const contentTypes: Readonly<Record<string, string>> = {
  ogg: 'audio/ogg',
  mp3: 'audio/mpeg',
  json: 'application/json',
  txt: 'text/plain; charset=utf-8',
};

export interface ListedObject {
  key: string;
  bytes: number;
}

export class ObjectStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  /** Parameters of every put. */
  readonly #encryption: Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'SSEKMSKeyId'>;

  constructor(options: ObjectStoreOptions) {
    const checksums = options.checksums ?? 'WHEN_SUPPORTED';
    this.#bucket = options.bucket;
    const { algorithm, kmsKeyId } = options.encryption ?? {};
    this.#encryption = {
      ...(algorithm ? { ServerSideEncryption: algorithm } : {}),
      ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }),
    };
    this.#client = new S3Client({
      endpoint: options.endpoint,
      region: options.region,
      forcePathStyle: true,
      credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey },
      requestChecksumCalculation: checksums,
      responseChecksumValidation: checksums,
      requestHandler: { requestTimeout: 60_000, connectionTimeout: 5_000 },
    });
  }

  /**
   * Stores a file and looks that it is there: same length, same checksum as given in its metadata. Answers its length in bytes.
   *
   * @throws {PatchbayError} `object_not_stored` when the bucket refused, `object_differs` when it holds something else.
   */
  async put(key: string, path: string, metadata: Record<string, string> & { sha256: string }): Promise<number> {
    const { size } = await stat(path);
    try {
      await this.#client.send(
        new PutObjectCommand({
          Bucket: this.#bucket,
          Key: key,
          Body: size <= BUFFERED_BYTES ? await readFile(path) : createReadStream(path),
          ContentLength: size,
          ContentType: contentTypes[key.slice(key.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
          ChecksumSHA256: Buffer.from(metadata.sha256, 'hex').toString('base64'),
          Metadata: metadata,
          ...this.#encryption,
        }),
      );
    } catch (cause) {
      throw new PatchbayError('object_not_stored', `The bucket did not take ${key}: ${reason(cause)}`, { cause });
    }
    await this.#verify(key, size, metadata.sha256);
    return size;
  }

  /** Every object whose key begins with `prefix`, in the order of their keys. */
  async list(prefix: string): Promise<ListedObject[]> {
    const found: ListedObject[] = [];
    let more: string | undefined;
    do {
      const page = await this.#client.send(
        new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, ContinuationToken: more }),
      );
      for (const { Key: key, Size: bytes } of page.Contents ?? []) if (key) found.push({ key, bytes: bytes ?? 0 });
      more = page.NextContinuationToken;
    } while (more);
    return found;
  }

  /**
   * Fetches an object into a file and compares its checksum.
   *
   * @throws {PatchbayError} `object_unreadable`, `object_damaged`
   */
  async fetch(key: string, path: string): Promise<{ bytes: number; sha256: string }> {
    const hash = createHash('sha256');
    let bytes = 0;
    let expected: string | undefined;
    try {
      const object = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
      expected = object.Metadata?.sha256;
      await pipeline(
        object.Body as Readable,
        async function* (source: AsyncIterable<Buffer>) {
          for await (const piece of source) {
            hash.update(piece);
            bytes += piece.length;
            yield piece;
          }
        },
        createWriteStream(path),
      );
    } catch (cause) {
      // The client compares the checksum that the bucket itself keeps: what is wrong then is the object, and fetching it again is no use.
      if (cause instanceof Error && /checksum mismatch/i.test(cause.message)) throw damaged(key, cause);
      throw new PatchbayError('object_unreadable', `${key} cannot be fetched: ${reason(cause)}`, { cause });
    }
    const sha256 = hash.digest('hex');
    if (expected !== undefined && expected !== sha256) {
      throw damaged(key);
    }
    return { bytes, sha256 };
  }

  /**
   * What is said of an object; undefined: there is none.
   *
   * @throws {PatchbayError} `object_unreadable`
   */
  async describe(key: string): Promise<{ bytes: number; metadata: Record<string, string> } | undefined> {
    try {
      const head = await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }));
      return { bytes: head.ContentLength ?? 0, metadata: head.Metadata ?? {} };
    } catch (cause) {
      if (cause instanceof Error && cause.name === 'NotFound') return undefined;
      throw new PatchbayError('object_unreadable', `${key} cannot be looked at: ${reason(cause)}`, { cause });
    }
  }

  /**
   * Deletes objects; one that is not there is as good.
   *
   * @throws {PatchbayError} `object_not_deleted`
   */
  async delete(keys: Iterable<string>): Promise<void> {
    for (const key of keys) {
      try {
        await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }));
      } catch (cause) {
        throw new PatchbayError('object_not_deleted', `The bucket did not delete ${key}: ${reason(cause)}`, { cause });
      }
    }
  }

  close(): void {
    this.#client.destroy();
  }

  async #verify(key: string, bytes: number, sha256: string): Promise<void> {
    let head: { ContentLength?: number | undefined; Metadata?: Record<string, string> | undefined };
    try {
      head = await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }));
    } catch (cause) {
      throw new PatchbayError('object_not_stored', `${key} cannot be read back: ${reason(cause)}`, { cause });
    }
    if (head.ContentLength !== bytes || head.Metadata?.sha256 !== sha256) {
      throw new PatchbayError(
        'object_differs',
        `The bucket holds another ${key} than was sent; the local copy is kept.`,
      );
    }
  }
}

function damaged(key: string, cause?: Error): PatchbayError {
  return new PatchbayError('object_damaged', `${key} is not what was stored: its checksum is another one.`, { cause });
}

/** The service's own words; they never hold the credentials. */
function reason(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}
