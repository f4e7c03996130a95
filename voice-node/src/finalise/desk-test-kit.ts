/** A bucket with a recording of three people in it, and a desk that finalises it, for tests. */
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { manifestKey, partialChunkKey } from '@patchbay/shared/object-keys';
import { S3Server } from '../../../sim/src/s3/server.ts';
import { createLogger } from '../ops/logger.ts';
import { VirtualTime } from '../ops/virtual-time.ts';
import type { Chunk } from '../recording/chunks/build-chunks.ts';
import { noteOf } from '../sessions/chunk-note.ts';
import { ObjectStore } from '../storage/object-store.ts';
import { FinaliseDesk, type FinaliseDeskOptions } from './finalise-desk.ts';
import { type Manifest, manifestSchema } from './manifest.ts';
import { clickPackets, record, sessionId, timeZero } from './test-recording.ts';

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
export const people = ['7', '8', '9'];

export class DeskKit {
  readonly time = new VirtualTime();
  readonly server: S3Server;
  readonly store: ObjectStore;
  readonly directory: string;
  readonly events: NodeEventDraft[] = [];
  readonly busy = new Set<string>();
  readonly progress: number[] = [];
  readonly finalised: string[] = [];
  chunks: Chunk[] = [];
  readonly #happened = new EventEmitter();
  readonly #folders: string[] = [];

  private constructor(server: S3Server, store: ObjectStore, directory: string) {
    this.server = server;
    this.store = store;
    this.directory = directory;
  }

  static async start(): Promise<DeskKit> {
    const server = new S3Server({ credentials, buckets: ['box'] });
    const endpoint = await server.listen();
    const store = new ObjectStore({ endpoint, bucket: 'box', region: 'us-east-1', ...credentials });
    return new DeskKit(server, store, await mkdtemp(join(tmpdir(), 'finalise-desk-')));
  }

  /** Half a minute in which each clicks at an instant of their own. `leaveAt`: ms from time zero. */
  async record(leaveAt?: number): Promise<void> {
    const packets = people.flatMap((userId, index) => {
      const who = { userId, frequency: 900 + 400 * index, level: 6_000, phaseMs: 3, skewPpm: 0, jitterMs: 0, loss: 0 };
      return clickPackets(who, [5_000 + 8_000 * index], index + 1);
    });
    const stays = people.map((userId) => ({ userId, at: 0, present: true }));
    const leaves = leaveAt === undefined ? [] : people.map((userId) => ({ userId, at: leaveAt, present: false }));
    const recorded = await record(packets, 30_000, [...stays, ...leaves]);
    this.#folders.push(recorded.directory);
    this.chunks = recorded.chunks;
  }

  /** Stores chunks; with `partial`, as what was flushed of them. */
  async putChunks(chunks: readonly Chunk[] = this.chunks, partial = false): Promise<void> {
    for (const chunk of chunks) {
      const { key, metadata } = noteOf(chunk);
      const at = timeZero + chunk.firstSample / 48;
      const as = partial ? partialChunkKey(sessionId, chunk.userId, at) : key;
      await this.store.put(as, chunk.path, { ...metadata, sha256: chunk.sha256 });
    }
  }

  async putText(key: string, text: string): Promise<void> {
    const path = join(this.directory, 'text');
    await writeFile(path, text);
    await this.store.put(key, path, { sha256: createHash('sha256').update(text).digest('hex') });
  }

  async desk(options: Partial<FinaliseDeskOptions> = {}): Promise<FinaliseDesk> {
    const desk = new FinaliseDesk({
      directory: join(this.directory, 'jobs'),
      store: this.store,
      add: async (path, { key, metadata }) => {
        await this.store.put(key, path, metadata as Record<string, string> & { sha256: string });
        return { stored: Promise.resolve() };
      },
      drop: async () => undefined,
      report: async (draft) => {
        this.events.push(draft);
        this.#happened.emit('event');
      },
      isBusy: (id) => this.busy.has(id),
      onProgress: (_, percent) => this.progress.push(percent),
      onFinalised: async (id) => {
        this.finalised.push(id);
      },
      mp3Fragments: false,
      scheduler: this.time,
      logger: createLogger('silent'),
      ...options,
    });
    await desk.open();
    return desk;
  }

  /** The n-th event of a type, when it has come. */
  async event<T extends NodeEventDraft['type']>(type: T, count = 1): Promise<Extract<NodeEventDraft, { type: T }>> {
    const all = () => this.events.filter((event) => event.type === type);
    while (all().length < count) await once(this.#happened, 'event');
    return all()[count - 1] as Extract<NodeEventDraft, { type: T }>;
  }

  async keys(): Promise<string[]> {
    return (await this.store.list('')).map(({ key }) => key);
  }

  async manifest(): Promise<Manifest> {
    const path = join(this.directory, 'manifest');
    await this.store.fetch(manifestKey(sessionId), path);
    return manifestSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  }

  async fetch(key: string): Promise<string> {
    await mkdir(join(this.directory, 'fetched'), { recursive: true });
    const path = join(this.directory, 'fetched', key.slice(key.lastIndexOf('/') + 1));
    await this.store.fetch(key, path);
    return path;
  }

  async stop(): Promise<void> {
    this.store.close();
    await this.server.close();
    for (const folder of [this.directory, ...this.#folders]) await rm(folder, { recursive: true, force: true });
  }
}
