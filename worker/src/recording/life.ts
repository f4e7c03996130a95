import type { Deadlines } from '../alarms/deadlines.ts';
import { openDb } from '../db/db.ts';
import { type Env, settingsOf } from '../env.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { type Bucket, bucketOf } from '../storage/bucket.ts';
import type { RecordingEffect } from './effects.ts';
import { nextStep, ordered } from './finalising.ts';
import { isCurrent, newRecord, type RecordingRecord, type RecordingState, stateOf } from './record.ts';
import { nextLook } from './retention.ts';
import type { RecordingStore } from './store.ts';

/** What the parts of a recording's object share: its tables, its deadlines, and what it owes. */
export class RecordingLife {
  readonly env: Env;
  readonly store: RecordingStore;
  readonly deadlines: Deadlines;
  readonly outbox: Outbox<RecordingEffect>;
  readonly #storage: DurableObjectStorage;

  constructor(
    storage: DurableObjectStorage,
    parts: { env: Env; store: RecordingStore; deadlines: Deadlines; outbox: Outbox<RecordingEffect> },
  ) {
    this.#storage = storage;
    this.env = parts.env;
    this.store = parts.store;
    this.deadlines = parts.deadlines;
    this.outbox = parts.outbox;
  }

  get settings() {
    return settingsOf(this.env);
  }

  get db() {
    return openDb(this.env, this.settings);
  }

  get bucket(): Bucket | undefined {
    return bucketOf(this.settings);
  }

  /** Something is stored of which a master can be made. */
  hasSound(): boolean {
    return this.store.has('chunk', 'raw', 'normalised');
  }

  stateOf(record: RecordingRecord): RecordingState {
    return stateOf(record, this.hasSound());
  }

  /** The record, or a new one. `undefined`: everything was deleted. */
  recordOf(sessionId: string, startedAt: number): RecordingRecord | undefined {
    if (this.store.goneId() !== undefined) return undefined;
    const { CHUNK_RETENTION_DAYS: chunkDays, RECORDING_RETENTION_DAYS: recordingDays } = this.settings;
    return this.store.record() ?? newRecord(sessionId, Math.round(startedAt), { chunkDays, recordingDays });
  }

  /** Runs a change so that it is stored as a whole, then delivers what it owes. */
  transaction<T>(work: () => T): T {
    const result = this.#storage.transactionSync(work);
    void this.deadlines.arm();
    this.outbox.kick();
    return result;
  }

  /** Stores a record with what follows from it: an order to finalise, its deadlines, its rows, its reports. */
  commit(before: RecordingRecord): void {
    if (before.erasedBy) {
      this.store.put(before);
      return;
    }
    const now = Date.now();
    const { order: _order, ...rest } = before;
    const step = nextStep(before, { now, sealMs: this.settings.RECORDING_SEAL_MS, hasSound: this.hasSound() });
    const order = ordered(before, step, now);
    const record: RecordingRecord = { ...rest, ...(order ? { order } : {}) };
    this.store.put(record);
    if (step.kind === 'wait') this.deadlines.set('seal', step.until);
    else this.deadlines.clear('seal');
    if (order) this.deadlines.set('order', order.nextAt);
    else this.deadlines.clear('order');
    if (record.endedAt !== undefined) this.deadlines.set('retention', nextLook(record, now));
    this.outbox.add('db', { kind: 'project' });
    if (isCurrent(record) && record.endedAt !== undefined) {
      for (const { guildId, channelId } of record.sides) {
        this.outbox.add(`report:${guildId}:${channelId}`, { kind: 'report', guildId, channelId });
      }
      const news = [...new Set(record.sides.map(({ guildId }) => guildId))].filter((id) => !record.mailed.includes(id));
      if (news.length > 0) this.store.put({ ...record, mailed: [...record.mailed, ...news] });
      for (const guildId of news) this.outbox.add(`mail:${guildId}`, { kind: 'mail', guildId });
    }
  }
}
