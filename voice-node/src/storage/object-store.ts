/** The bucket: S3 or anything that speaks its protocol. Whole objects as buffers, so that every try can be repeated. */
import { HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PatchbayError } from '@patchbay/shared/errors';

export interface ObjectStoreOptions {
  endpoint: string;
  bucket: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** `WHEN_REQUIRED` for servers that do not know S3's newer checksums. */
  checksums?: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED';
}

const contentTypes: Readonly<Record<string, string>> = { '.ogg': 'audio/ogg', '.json': 'application/json' };

export class ObjectStore {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(options: ObjectStoreOptions) {
    const checksums = options.checksums ?? 'WHEN_SUPPORTED';
    this.#bucket = options.bucket;
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
   * Stores an object and looks that it is there: same length, same checksum as given in its metadata.
   *
   * @throws {PatchbayError} `object_not_stored` when the bucket refused, `object_differs` when it holds something else.
   */
  async put(key: string, body: Uint8Array, metadata: Record<string, string> & { sha256: string }): Promise<void> {
    try {
      await this.#client.send(
        new PutObjectCommand({
          Bucket: this.#bucket,
          Key: key,
          Body: body,
          ContentType: contentTypes[key.slice(key.lastIndexOf('.'))] ?? 'application/octet-stream',
          ChecksumSHA256: Buffer.from(metadata.sha256, 'hex').toString('base64'),
          Metadata: metadata,
        }),
      );
    } catch (cause) {
      throw new PatchbayError('object_not_stored', `The bucket did not take ${key}: ${reason(cause)}`, { cause });
    }
    await this.#verify(key, body.length, metadata.sha256);
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

/** The service's own words; they never hold the credentials. */
function reason(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}
