/** S3's protocol over HTTP, path style, for one or more buckets and one pair of credentials; with faults on demand. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, realClock } from '../time/clock.ts';
import { Bucket } from './bucket.ts';
import { document, element, escapeXml, refusals, S3Error } from './error.ts';
import { errorStatus, type FaultRuleInput, Faults, type StandingRule } from './faults.ts';
import { type Answer, type Call, encryptionOf, onBucket, onObject, xml } from './operations.ts';
import { sendAnswer, wait } from './send-answer.ts';
import { type Credentials, checkSignature } from './signature.ts';
import { FolderShelf, MemoryShelf, type StoredObject } from './store.ts';

export interface S3ServerOptions {
  credentials: Credentials;
  /** Buckets that exist from the start. */
  buckets: string[];
  /** Folder for the objects; in memory when absent. */
  directory?: string;
  /** Uploads that do not ask for encryption at rest are refused, as by a bucket's policy. */
  requireEncryption?: boolean;
  /** For expiry and for slow answers. */
  clock?: Clock;
}

/** A body over this is refused; uploads of more go in parts. */
const LARGEST_BODY = 512 * 1024 * 1024;
/** No object has this ETag: it is the MD5 of nothing that is stored. */
const WRONG_ETAG = `"${'f'.repeat(32)}"`;

/** The connection was reset on purpose: there is nobody to answer. */
class ConnectionReset extends Error {}

export class S3Server {
  readonly #options: S3ServerOptions;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();
  readonly #server: Server;
  readonly #faults = new Faults();
  readonly #requests: Record<string, number> = {};
  #isDown = false;

  constructor(options: S3ServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    for (const name of options.buckets) this.#createBucket(name);
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : new Error(String(error)));
      });
    });
    this.#server.on('connection', (socket) => {
      if (this.#isDown) socket.destroy();
    });
  }

  /** Listens on the loopback; returns the endpoint's address. */
  async listen(port = 0): Promise<string> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /**
   * Makes the next requests that fit fail; returns the number of the rule.
   *
   * @example server.addFault({ kind: 'error', code: 'SlowDown', methods: ['PUT'], keys: 'recordings/**', count: 2 })
   */
  addFault(rule: FaultRuleInput): number {
    return this.#faults.add(rule);
  }
  removeFault(id: number): boolean {
    return this.#faults.remove(id);
  }
  faults(): StandingRule[] {
    return this.#faults.list();
  }
  /** Takes all rules away, and lets the server be up. */
  clearFaults(): void {
    this.#faults.clear();
    this.#isDown = false;
  }
  /** Down: every connection is broken, new ones at once. */
  setDown(isDown: boolean): void {
    this.#isDown = isDown;
    if (isDown) this.#server.closeAllConnections();
  }
  /** How many requests there were, by HTTP method; refused ones too. */
  requests(): Record<string, number> {
    return { ...this.#requests };
  }
  /** @throws {S3Error} NoSuchBucket */
  async keys(bucket: string): Promise<string[]> {
    return this.#bucket(bucket).keys();
  }
  /** @throws {S3Error} NoSuchBucket, NoSuchKey */
  read(bucket: string, key: string): Promise<StoredObject> {
    return this.#bucket(bucket).get(key);
  }
  /** Removes all objects of a bucket. */
  async clear(bucket: string): Promise<void> {
    for (const key of await this.keys(bucket)) await this.#bucket(bucket).remove(key);
  }

  #createBucket(name: string): void {
    const { directory } = this.#options;
    this.#buckets.set(name, new Bucket(directory ? new FolderShelf(`${directory}/${name}`) : new MemoryShelf()));
  }

  #bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (!bucket) throw refusals.noBucket();
    return bucket;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET' } = request;
    this.#requests[method] = (this.#requests[method] ?? 0) + 1;
    const about = { method, key: '' };
    let answer: Answer;
    try {
      const place = placeOf(request);
      about.key = place.key;
      const call = await this.#read(request, place);
      const failure = this.#faults.take('error', about);
      if (failure) throw new S3Error(failure.code, errorStatus[failure.code], 'This request fails on purpose.');
      answer = await this.#tamper(call, await this.#handle(call));
    } catch (error) {
      if (error instanceof ConnectionReset) return;
      if (!(error instanceof S3Error)) throw error;
      const body = document('Error', element('Code', error.code) + element('Message', escapeXml(error.message)));
      answer = { status: error.status, headers: { 'content-type': 'application/xml' }, body };
    }
    const slow = this.#faults.take('slow', about);
    if (slow && slow.delayMs > 0) await wait(this.#clock, slow.delayMs);
    const sendsObject = method === 'GET' && about.key !== '' && answer.status < 300;
    await sendAnswer(response, answer, {
      clock: this.#clock,
      isHead: method === 'HEAD',
      bytesPerSecond: slow?.bytesPerSecond,
      resetAfter: sendsObject ? this.#faults.take('resetDownload', about)?.afterBytes : undefined,
    });
  }

  async #read(request: IncomingMessage, { path, query, bucketName, key }: Place): Promise<Call> {
    const { method = 'GET' } = request;
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(',') : (value ?? ''),
      ]),
    );
    const { credentials } = this.#options;
    const signed = checkSignature({ method, path, query, headers }, credentials, this.#clock.wall());
    const uploads = method === 'PUT' || method === 'POST';
    const resetAfter = uploads ? this.#faults.take('resetUpload', { method, key })?.afterBytes : undefined;
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of request) {
      size += (piece as Buffer).length;
      if (resetAfter !== undefined && size >= resetAfter) break;
      if (size > LARGEST_BODY)
        throw new S3Error('EntityTooLarge', 400, 'Your proposed upload exceeds the maximum size.');
      pieces.push(piece as Buffer);
    }
    if (resetAfter !== undefined) {
      request.socket.resetAndDestroy();
      throw new ConnectionReset();
    }
    return { method, bucketName, key, query, headers, body: Buffer.concat(pieces), signed };
  }

  async #handle(call: Call): Promise<Answer> {
    const { method, bucketName, key } = call;
    if (bucketName === '') return this.#listBuckets(call);
    if (key === '' && method === 'PUT') {
      if (this.#buckets.has(bucketName)) throw refusals.bucketExists();
      this.#createBucket(bucketName);
      return { status: 200, headers: { location: `/${bucketName}` } };
    }
    const bucket = this.#bucket(bucketName);
    if (key === '' && method === 'DELETE') {
      if ((await bucket.keys()).length > 0) throw refusals.bucketNotEmpty();
      this.#buckets.delete(bucketName);
      return { status: 204 };
    }
    if (key === '') return onBucket(call, bucket);
    const begins = (method === 'PUT' && !call.query.has('uploadId')) || call.query.has('uploads');
    if (this.#options.requireEncryption && begins && Object.keys(encryptionOf(call.headers)).length === 0) {
      throw refusals.accessDenied("The bucket's policy asks for x-amz-server-side-encryption.");
    }
    return onObject(call, bucket);
  }

  /** After an upload that went well: what is stored, or what is said of it, is made wrong where a rule says so. */
  async #tamper({ method, bucketName, key, query }: Call, answer: Answer): Promise<Answer> {
    const isWhole = query.has('uploadId') ? method === 'POST' : method === 'PUT';
    if (key === '' || (method !== 'PUT' && !isWhole)) return answer;
    if (isWhole && this.#faults.take('damage', { method, key })) await this.#bucket(bucketName).damage(key);
    if (!this.#faults.take('wrongEtag', { method, key })) return answer;
    if (typeof answer.body !== 'string') return { ...answer, headers: { ...answer.headers, etag: WRONG_ETAG } };
    const etag = element('ETag', escapeXml(WRONG_ETAG));
    return { ...answer, body: answer.body.replace(/<ETag>.*?<\/ETag>/, etag) };
  }

  #listBuckets({ method }: Call): Answer {
    if (method !== 'GET') throw refusals.unsupported(method);
    const names = [...this.#buckets.keys()].map((name) => element('Bucket', element('Name', escapeXml(name)))).join('');
    return xml(document('ListAllMyBucketsResult', element('Buckets', names)));
  }
}

interface Place {
  /** As it came, still percent-encoded: it was signed so. */
  path: string;
  query: URLSearchParams;
  bucketName: string;
  key: string;
}

/** @throws {S3Error} when the path is not percent-encoded UTF-8. */
function placeOf({ url = '/' }: IncomingMessage): Place {
  const [path = '/', search = ''] = url.split(/\?(.*)/s);
  try {
    const [bucketName = '', ...rest] = path.slice(1).split('/').map(decodeURIComponent);
    return { path, query: new URLSearchParams(search), bucketName, key: rest.join('/') };
  } catch (error) {
    if (error instanceof URIError) throw refusals.malformed('The path must be percent-encoded UTF-8.');
    throw error;
  }
}
