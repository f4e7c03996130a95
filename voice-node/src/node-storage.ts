/** What the node keeps on disk until the bucket has it, and what it makes of it there: recordings, uploads, finalising. */
import { join } from 'node:path';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { DeepgramFiles } from './captions/deepgram/deepgram-files.ts';
import { TranscriptDesk } from './captions/transcript/transcript-desk.ts';
import { FinaliseDesk } from './finalise/finalise-desk.ts';
import type { Logger } from './ops/logger.ts';
import { chunkStored, RecordingDesk } from './sessions/recording-desk.ts';
import type { Settings, StorageSettings } from './settings.ts';
import { ObjectStore } from './storage/object-store.ts';
import { type StoredObject, Uploader } from './storage/uploader.ts';

export interface NodeStorageOptions {
  settings: Pick<Settings, 'dataDir' | 'fragmentMp3' | 'captions'>;
  storage: StorageSettings;
  /** Reports an event; resolves when it survives the process. */
  append(draft: NodeEventDraft): Promise<void>;
  /** Takes note of an object that belongs to a report; false: it does not. */
  sealed(stored: StoredObject): Promise<boolean>;
  logger: Logger;
}

export class NodeStorage {
  readonly uploader: Uploader;
  readonly desk: RecordingDesk;
  readonly transcripts: TranscriptDesk;
  readonly #finalise: FinaliseDesk;
  readonly #logger: Logger;

  constructor({ settings, storage, append, sealed, logger }: NodeStorageOptions) {
    const { dataDir, fragmentMp3: mp3Fragments, captions } = settings;
    const store = new ObjectStore(storage);
    this.#logger = logger;
    this.uploader = new Uploader({
      directory: join(dataDir, 'uploads'),
      store,
      onStored: async (stored) => {
        if (await sealed(stored)) return;
        const event = chunkStored(stored);
        if (event) await append(event);
      },
    });
    this.uploader.on('progress', (progress) => logger.info(progress, 'uploads'));
    this.uploader.on('retrying', ({ error, ...rest }) => logger.warn({ err: error, ...rest }, 'an upload failed'));
    const add = this.uploader.add.bind(this.uploader);
    this.#finalise = new FinaliseDesk({
      directory: join(dataDir, 'finalise'),
      store,
      add,
      report: append,
      isBusy: (sessionId) => this.desk.isBusy(sessionId),
      mp3Fragments,
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
    this.desk = new RecordingDesk({
      directory: join(dataDir, 'recordings'),
      add,
      onComplete: (sessionId, waitMs) => this.#finalise.add(sessionId, waitMs),
      logger,
    });
  }

  /** Takes up what an earlier process left: uploads, then journals. Call before anything is recorded. */
  async start(): Promise<void> {
    const left = await this.uploader.start();
    if (left > 0) this.#logger.info({ files: left }, 'taking up uploads of an earlier process');
    await this.desk.recover();
  }

  /** Begins to finalise. Call when the control plane has said which sessions go on. */
  async startFinalising(): Promise<void> {
    const left = await this.#finalise.start();
    if (left > 0) this.#logger.info({ recordings: left }, 'finalising recordings of an earlier process');
    const cutOff = await this.transcripts.start();
    if (cutOff > 0) this.#logger.info({ sessions: cutOff }, 'making transcripts that an earlier process left');
  }

  /** Finalising stops where it is, and uploads get so long to finish; the next process takes up the rest. */
  async close(deadlineMs: number): Promise<void> {
    await this.#finalise.close();
    await this.transcripts.close();
    if (!(await this.uploader.drain(deadlineMs))) {
      this.#logger.warn('some uploads are not done; the next start takes them up');
    }
  }
}
