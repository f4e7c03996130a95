/** The bucket as the Worker uses it: links that open one object for a while, and deleting. Voice nodes do the storing. */
import { PatchbayError } from '@patchbay/shared/errors';
import { AwsClient } from 'aws4fetch';
import type { Settings } from '../env.ts';

/** A `fetch` from a Worker may never resolve: each has a limit. Milliseconds. */
const CALL_MS = 15_000;
/** Keys of one listing. */
const PAGE = 1_000;
const METADATA = 'x-amz-meta-';
/** Requests at a time. */
const AT_ONCE = 6;

export interface BucketOptions {
  endpoint: string;
  bucket: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** The bucket of the settings; `undefined` where it is not set up. */
export function bucketOf(settings: Settings): Bucket | undefined {
  const { S3_ENDPOINT: endpoint, S3_BUCKET: bucket, S3_REGION: region } = settings;
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = settings;
  if (!endpoint || !bucket || !accessKeyId || !secretAccessKey) return undefined;
  return new Bucket({ endpoint, bucket, region, accessKeyId, secretAccessKey });
}

export class Bucket {
  readonly #client: AwsClient;
  readonly #root: string;

  constructor({ endpoint, bucket, region, accessKeyId, secretAccessKey }: BucketOptions) {
    // Those who call have their own retries, which survive the object.
    this.#client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 0 });
    this.#root = `${endpoint.replace(/\/+$/, '')}/${bucket}`;
  }

  /** An address with which anybody can read one object for so many seconds. Asks nobody: it is signed here. */
  async presign(key: string, seconds: number): Promise<string> {
    const url = new URL(this.#path(key));
    url.searchParams.set('X-Amz-Expires', String(seconds));
    return (await this.#client.sign(url.href, { method: 'GET', aws: { signQuery: true } })).url;
  }

  /**
   * Deletes everything below a prefix, and looks that nothing is left.
   *
   * @throws {PatchbayError} `bucket_refused` when it did not work; what is left is found again by the next try
   */
  async deleteBelow(prefix: string): Promise<void> {
    if (!prefix.endsWith('/'))
      throw new PatchbayError('prefix_too_wide', 'Name a folder: a prefix that ends with "/".');
    for (let keys = await this.list(prefix); keys.length > 0; keys = await this.list(prefix)) {
      for (let at = 0; at < keys.length; at += AT_ONCE) {
        await Promise.all(keys.slice(at, at + AT_ONCE).map((key) => this.delete(key)));
      }
    }
  }

  /** Deletes one object; one that is not there is what was wanted. */
  async delete(key: string): Promise<void> {
    await this.#call('DELETE', this.#path(key));
  }

  /** The metadata of an object (names without `x-amz-meta-`) and its length in bytes; `undefined`: there is none. */
  async head(key: string): Promise<{ metadata: Record<string, string>; bytes: number } | undefined> {
    const response = await this.#ask('HEAD', this.#path(key));
    if (!response) return undefined;
    const named = [...response.headers].flatMap(([name, value]) => {
      return name.startsWith(METADATA) ? [[name.slice(METADATA.length), value] as const] : [];
    });
    return { metadata: Object.fromEntries(named), bytes: Number(response.headers.get('content-length') ?? 0) };
  }

  /** All keys below a prefix. */
  async listAll(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    for (let page = await this.list(prefix); page.length > 0; page = await this.list(prefix, page.at(-1))) {
      keys.push(...page);
      if (page.length < PAGE) break;
    }
    return keys;
  }

  /** Keys below a prefix, a thousand at most; `after`: those that come after this one. */
  async list(prefix: string, after?: string): Promise<string[]> {
    const query = new URLSearchParams({ 'list-type': '2', prefix, ...(after ? { 'start-after': after } : {}) });
    const body = await this.#call('GET', `${this.#root}?${query}`);
    if (!body.includes('ListBucketResult')) {
      throw new PatchbayError('bucket_refused', 'S3_ENDPOINT does not answer like S3. Check the address.');
    }
    return [...body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => decodeXml(key));
  }

  #path(key: string): string {
    return `${this.#root}/${key.split('/').map(encodeURIComponent).join('/')}`;
  }

  async #call(method: 'GET' | 'DELETE', url: string): Promise<string> {
    return (await (await this.#ask(method, url))?.text()) ?? '';
  }

  /** `undefined`: there is no such object. */
  async #ask(method: 'GET' | 'HEAD' | 'DELETE', url: string): Promise<Response | undefined> {
    let problem: string;
    try {
      const request = await this.#client.sign(url, { method });
      const response = await fetch(request, { signal: AbortSignal.timeout(CALL_MS) });
      if (response.ok) return response;
      await response.body?.cancel();
      if (method !== 'GET' && response.status === 404) return undefined;
      problem = `status ${response.status}`;
    } catch (error) {
      problem = error instanceof Error ? error.name : 'error';
    }
    throw new PatchbayError('bucket_refused', `The bucket did not do ${method} (${problem}). Check the S3_ settings.`);
  }
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
const decodeXml = (text: string): string =>
  text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => entities[name] ?? '');
