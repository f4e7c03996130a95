/** What the node keeps on disk until the bucket has it, and what it makes of it there: recordings, uploads, finalising. */
import { join } from 'node:path';
import type { NodeEventDraft } from '@patchbay/shared/events';
import type { FinaliseOrder, FlushOrder } from '@patchbay/shared/recording-orders';
import { DeepgramFiles } from './captions/deepgram/deepgram-files.ts';
import { TranscriptDesk } from './captions/transcript/transcript-desk.ts';
import { EarlyFragments } from './finalise/early-fragments.ts';
import { FinaliseDesk } from './finalise/finalise-desk.ts';
import { FlushDesk } from './finalise/flush-desk.ts';
import { RunningManifest } from './finalise/running-manifest.ts';
import type { Logger } from './ops/logger.ts';
import { DiskGuard } from './recording/disk/disk-guard.ts';
import { ChunkEraser } from './sessions/chunk-eraser.ts';
import { chunkStored, metadataOf } from './sessions/chunk-note.ts';
import { RecordingDesk } from './sessions/recording-desk.ts';
import type { Settings, StorageSettings } from './settings.ts';
import { ObjectStore } from './storage/object-store.ts';
import { ProgressLane, type ProgressMessage } from './storage/progress-lane.ts';
import { type StoredObject, Uploader, type UploadNote } from './storage/uploader.ts';
import { WaitingBytes } from './storage/waiting-bytes.ts';

export interface NodeStorageOptions {
  settings: Pick<Settings, 'dataDir' | 'fragmentMp3' | 'disk' | 'captions'>;
  storage: StorageSettings;
  /** Reports an event; resolves when it survives the process. */
  append(draft: NodeEventDraft): Promise<void>;
  /** Tells how far something is; false: it could not be told, and nobody minds. */
  send(message: ProgressMessage): boolean;
  /** Takes note of an object that belongs to a report; false: it does not. */
  sealed(stored: StoredObject): Promise<boolean>;
  logger: Logger;
}

export class NodeStorage {
  readonly uploader: Uploader;
  readonly desk: RecordingDesk;
  readonly transcripts: TranscriptDesk;
  readonly #finalise: FinaliseDesk;
  readonly #flush: FlushDesk;
  readonly #manifest: RunningManifest;
  readonly #early: EarlyFragments;
  readonly #progress: ProgressLane;
  readonly #waiting = new WaitingBytes();
  /** Sessions that are being handed over to be finalised. */
  readonly #sealing = new Set<Promise<void>>();
  readonly #append: NodeStorageOptions['append'];
  readonly #logger: Logger;

  constructor({ settings, storage, append, send, sealed, logger }: NodeStorageOptions) {
    const { dataDir, fragmentMp3: mp3Fragments, captions } = settings;
    const store = new ObjectStore(storage);
    this.#logger = logger;
    this.#append = append;
    this.#progress = new ProgressLane({ send, logger });
    this.#manifest = new RunningManifest({ store, directory: join(dataDir, 'manifests'), logger });
    this.#early = new EarlyFragments({
      store,
      directory: join(dataDir, 'early'),
      mp3Fragments,
      report: append,
      onWork: () => this.#finalise.wake(),
      onMade: (sessionId) => this.#touch(sessionId),
      logger,
    });
    this.uploader = new Uploader({
      directory: join(dataDir, 'uploads'),
      store,
      onStored: async (stored) => {
        if (await sealed(stored)) return;
        const event = chunkStored(stored);
        if (event) await append(event);
        this.#stored(stored, event !== undefined);
      },
    });
    this.uploader.on('waiting', ({ context }, bytes) => this.#waiting.add(String(context.sessionId), bytes));
    this.uploader.on('dropped', ({ context }, bytes) => this.#waiting.done(String(context.sessionId), bytes));
    this.uploader.on('progress', (progress) => logger.debug(progress, 'uploads'));
    this.uploader.on('retrying', ({ error, ...rest }) => logger.warn({ err: error, ...rest }, 'an upload failed'));
    const add = (path: string, note: UploadNote) => this.uploader.add(path, note);
    this.#finalise = new FinaliseDesk({
      directory: join(dataDir, 'finalise'),
      store,
      add,
      drop: (matches) => this.uploader.drop(({ key }) => matches(key)),
      report: append,
      isBusy: (sessionId) => this.desk.isBusy(sessionId),
      onBegin: (sessionId) => this.#manifest.leave(sessionId),
      onProgress: (sessionId, percent) => this.#progress.tell(sessionId, 'finalising', percent),
      onFinalised: async (sessionId) => this.transcripts.recordingMade(sessionId),
      mp3Fragments,
      aside: this.#early,
      logger,
    });
    this.transcripts = new TranscriptDesk({
      directory: join(dataDir, 'captions'),
      store,
      add,
      engine: captions && new DeepgramFiles(captions),
      report: append,
      logger,
    });
    const eraser = new ChunkEraser({ store, directory: join(dataDir, 'erasing'), report: append, logger });
    this.desk = new RecordingDesk({
      directory: join(dataDir, 'recordings'),
      add,
      onChunk: (chunk) => this.#early.noted(chunk),
      erase: async (sessionId, erasure) => {
        await this.#early.around(sessionId, erasure, () => eraser.erase(sessionId, erasure));
        this.#makeEarly(sessionId);
      },
      disk: new DiskGuard({ directory: dataDir, ...settings.disk, logger }),
      onRecovering: (sessionId, percent) => this.#progress.tell(sessionId, 'recovering', percent),
      onComplete: (sessionId, guilds) => {
        const done = this.#sealed(sessionId, guilds).finally(() => this.#sealing.delete(done));
        this.#sealing.add(done);
        return done;
      },
      logger,
    });
    this.#flush = new FlushDesk({
      store,
      running: (sessionId) => this.desk.running(sessionId),
      metadataOf,
      report: append,
      logger,
    });
  }

  /** Takes up what an earlier process left: uploads, then journals. Call before anything is recorded. */
  async start(): Promise<void> {
    await this.#finalise.open();
    const left = await this.uploader.start();
    if (left > 0) this.#logger.info({ files: left }, 'taking up uploads of an earlier process');
    await this.desk.recover();
  }

  /** Begins to finalise. Call when the control plane has said which sessions go on. */
  async startFinalising(): Promise<void> {
    const left = this.#finalise.start();
    if (left > 0) this.#logger.info({ recordings: left }, 'finalising recordings of an earlier process');
    const cutOff = await this.transcripts.start();
    if (cutOff > 0) this.#logger.info({ sessions: cutOff }, 'making transcripts that an earlier process left');
  }

  /**
   * The control plane's order: to finalise (when it resolves, it survives the process), or to store what a running recording has captured
   * so far.
   */
  async take(order: FinaliseOrder | FlushOrder): Promise<void> {
    if (order.type === 'recording.flush') {
      await this.#flush.flush(order);
      return;
    }
    await this.#finalise.order(order);
    if (order.without?.length) await this.transcripts.withdraw(order.sessionId, order.without);
  }

  /** Finalising stops where it is, and uploads get so long to finish; the next process takes up the rest. */
  async close(deadlineMs: number): Promise<void> {
    await this.#finalise.close();
    await this.transcripts.close();
    if (!(await this.uploader.drain(deadlineMs))) {
      this.#logger.warn('some uploads are not done; the next start takes them up');
    }
    // Otherwise their notes would be written beside those of the process that comes next.
    await Promise.allSettled(this.#sealing);
    await this.#manifest.settled();
  }

  #stored({ key, bytes, context }: StoredObject, isChunk: boolean): void {
    const sessionId = String(context.sessionId);
    const percent = this.#waiting.done(sessionId, bytes);
    if (percent !== undefined) this.#progress.tell(sessionId, 'uploading', percent);
    if (!isChunk) return;
    void this.#flush.replaced(key);
    // The last of a rotation: the list is written once for all of them.
    if (this.#waiting.has(sessionId)) return;
    this.#touch(sessionId);
    this.#makeEarly(sessionId);
  }

  /** Of a recording that ends, its end makes everything. */
  #makeEarly(sessionId: string): void {
    const run = this.desk.running(sessionId);
    if (run && !run.ends && !this.#waiting.has(sessionId)) this.#early.stored(sessionId);
  }

  #touch(sessionId: string): void {
    if (!this.#finalise.isFinalising(sessionId)) this.#manifest.touch(sessionId);
  }

  /** Everything of a session is stored and nothing of it is being recorded. */
  async #sealed(sessionId: string, guilds: string[]): Promise<void> {
    this.#early.forget(sessionId);
    // Told first: a process that is killed in between tells it again, and the job is made then.
    for (const guildId of guilds) await this.#append({ type: 'recording.sealed', guildId, sessionId });
    await this.#finalise.stored(sessionId, guilds);
  }
}
