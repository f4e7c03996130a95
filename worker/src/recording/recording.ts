import { DurableObject } from 'cloudflare:workers';
import type { EphemeralOf } from '@patchbay/shared/control-messages';
import { Deadlines } from '../alarms/deadlines.ts';
import { type Env, guildOf } from '../env.ts';
import { OUTBOX_DEADLINE, Outbox } from '../outbox/outbox.ts';
import type { Asker } from './access.ts';
import { type AudioAnswer, type AudioRequest, audio, Flushing, isFlushed } from './audio.ts';
import { deliver, type RecordingEffect, sendOrder } from './effects.ts';
import { type EraseAnswer, erase, eraseAll, erasePerson, retain } from './erasing.ts';
import { takeItem } from './intake.ts';
import type { RecordedSession, RecordingItem } from './items.ts';
import { RecordingLife } from './life.ts';
import { type LinksAnswer, links, type Wanted } from './links.ts';
import type { RecordingRecord, RecordingState } from './record.ts';
import { type RecoverAnswer, type RecoverRequest, recover } from './recover.ts';
import type { Note } from './report-message.ts';
import { SAID_AGAIN_MS } from './say.ts';
import { RecordingStore } from './store.ts';
import { type Progress, type RecordingView, viewOf } from './view.ts';

/**
 * What is stored of one session's recording: has it finalised, hands out links, and deletes it in time. Named by the session's id. The
 * pure parts are `record.ts`, `finalising.ts`, `access.ts` and `retention.ts`.
 */
export class Recording extends DurableObject<Env> {
  readonly #store: RecordingStore;
  readonly #deadlines: Deadlines;
  readonly #outbox: Outbox<RecordingEffect>;
  readonly #life: RecordingLife;
  readonly #flushing: Flushing;
  #progress: Progress | undefined;
  /** Codes of coverage, and when each was said last. */
  readonly #said = new Map<string, number>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { storage } = ctx;
    const store = new RecordingStore(storage.sql);
    const deadlines = new Deadlines(storage);
    const outbox = new Outbox<RecordingEffect>(storage, deadlines, (_lane, effects) => deliver(this.#life, effects));
    this.#store = store;
    this.#deadlines = deadlines;
    this.#outbox = outbox;
    this.#life = new RecordingLife(storage, { env, store, deadlines, outbox });
    this.#flushing = new Flushing(this.#life);
  }

  /** What a server says of its side, in order. Idempotent. */
  take(items: RecordingItem[]): void {
    this.#life.transaction(() => {
      for (const item of items) this.#take(item);
    });
  }

  /** How the session stands. Idempotent. */
  session({ sessionId, mode, timeZero, ended, notes }: RecordedSession): void {
    const before = this.#life.recordOf(sessionId, timeZero ?? Date.now());
    if (!before) return;
    const facts = { mode, ...(timeZero === undefined ? {} : { timeZero }), ...(ended ? { endedAt: ended.at } : {}) };
    const record = { ...before, ...facts };
    const known = new Set(this.#store.notes().map(({ id }) => id));
    const fresh = notes
      .map(({ at, ...note }, index): Note => ({ ...note, id: `${sessionId}:${index}`, at: (timeZero ?? 0) + at }))
      .filter(({ id }) => !known.has(id));
    if (fresh.length === 0 && JSON.stringify(record) === JSON.stringify(before)) return;
    this.#life.transaction(() => {
      for (const note of fresh) this.#store.putNote(note);
      this.#life.commit(record);
    });
  }

  /** How far a node is. Nothing is stored: newest wins. */
  async progress({ stage, percent }: EphemeralOf<'recording.progress'>): Promise<void> {
    const record = this.#store.record();
    if (!record) return;
    this.#progress = { stage, percent };
    await this.#tellProgress(record, { stage, percent });
  }

  /** Links for somebody; whether they may is decided here. */
  links(asker: Asker, what: Wanted): Promise<LinksAnswer> {
    return links(this.#life, asker, { what, percent: this.#progress?.percent });
  }

  /** The part of it between two instants, also while it runs. */
  audio(asker: Asker, request: AudioRequest): Promise<AudioAnswer> {
    return audio(this.#life, this.#flushing, asker, request);
  }

  /** What somebody may know of it; `null`: nothing. */
  view(asker: Asker): RecordingView | null {
    return viewOf(this.#life, asker, this.#progress);
  }

  /** Somebody waits for the master: what is there is finalised now. Idempotent. */
  hurry(): void {
    const record = this.#store.record();
    if (!record) return;
    const order = record.order && { ...record.order, nextAt: Date.now() };
    this.#life.transaction(() => this.#life.commit({ ...record, hurried: true, ...(order ? { order } : {}) }));
  }

  /** Puts it together from what the bucket holds. */
  recover(request: RecoverRequest): Promise<RecoverAnswer> {
    return recover(this.#life, request);
  }

  /** Somebody deletes all of it. */
  erase(asker: Asker): EraseAnswer {
    return erase(this.#life, asker);
  }

  /** Takes a person out of it. */
  erasePerson(asker: Asker, userId: string): EraseAnswer {
    return erasePerson(this.#life, asker, userId);
  }

  /** Deletes what is due at `now`. */
  async tick(now: number): Promise<void> {
    await retain(this.#life, now);
    if (this.#store.record()?.erasedBy) await eraseAll(this.#life);
  }

  /** What is stored, with how it stands; `undefined`: there is nothing (any more). */
  record(): (RecordingRecord & { state: RecordingState; progress: Progress | undefined }) | undefined {
    const record = this.#store.record();
    return record && { ...record, state: this.#life.stateOf(record), progress: this.#progress };
  }

  override async alarm(): Promise<void> {
    const due = this.#deadlines.take(Date.now());
    if (due.includes(OUTBOX_DEADLINE)) this.#outbox.kick();
    const record = this.#store.record();
    if (record && due.includes('seal')) this.#life.transaction(() => this.#life.commit(record));
    if (due.includes('order')) await sendOrder(this.#life);
    if (due.includes('retention')) await retain(this.#life, Date.now());
    if (due.includes('erase')) await eraseAll(this.#life);
    await this.#deadlines.arm();
  }

  #take(item: RecordingItem): void {
    const about = item.kind === 'side' ? item : item.kind === 'event' ? item.event : undefined;
    const startedAt = item.kind === 'side' ? item.side.startedAt : item.kind === 'event' ? item.event.at : Date.now();
    const before = about ? this.#life.recordOf(about.sessionId, startedAt) : this.#store.record();
    if (!before) {
      // Stored by a node that was away while it was deleted: it goes at once.
      if (this.#store.goneId() !== undefined) this.#deadlines.set('erase', Date.now());
      return;
    }
    const { record, unwanted, stale, begun } = takeItem(this.#store, before, item, Date.now());
    if (unwanted.length > 0) this.#outbox.add('bucket', { kind: 'remove', keys: unwanted });
    if (stale.length > 0) this.#outbox.add('db', { kind: 'forget', keys: stale });
    for (const event of begun) this.#say(record, event);
    if (record.master !== before.master) {
      this.#progress = undefined;
      this.ctx.waitUntil(this.#tellProgress(record, { stage: 'finalising', percent: 100 }));
    }
    this.#life.commit(record);
    if (item.kind !== 'event') return;
    const { event } = item;
    if (event.type === 'recording.flushed' && isFlushed(record)) this.#flushing.settle(event.requestId);
    if (event.type === 'recording.failed') this.#flushing.fail();
  }

  /** At most once in a while for each kind of trouble: it comes and goes with every word that somebody says. */
  #say(record: RecordingRecord, event: { guildId: string; code: string; userId?: string | undefined }): void {
    const now = Date.now();
    const { guildId, code, userId = '' } = event;
    const [side] = record.sides.filter((each) => each.guildId === guildId && each.endedAt === null);
    if (!side || now - (this.#said.get(code) ?? 0) < SAID_AGAIN_MS) return;
    this.#said.set(code, now);
    const { channelId } = side;
    this.#outbox.add(`say:${guildId}:${channelId}`, { kind: 'say', guildId, channelId, code, userId, at: now });
  }

  async #tellProgress({ sessionId, sides }: RecordingRecord, progress: Progress): Promise<void> {
    try {
      for (const [guildId, own] of Map.groupBy(sides, (side) => side.guildId)) {
        const channelIds = own.map(({ channelId }) => channelId);
        await guildOf(this.env, guildId).recordingProgress(sessionId, channelIds, progress);
      }
    } catch (error) {
      // Newest wins: the next one says it again.
      console.warn('recording: its progress was dropped', error);
    }
  }
}
