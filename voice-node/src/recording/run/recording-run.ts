/**
 * One recording while it runs: what comes goes into the journal, every five minutes of session time the journal becomes chunks.
 * Everything that can fail fails here alone: the call goes on.
 */
import { EventEmitter } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PatchbayError } from '@patchbay/shared/errors';
import type { VoicePacket } from '../../audio/packet.ts';
import { realTime, type Scheduler } from '../../ops/scheduler.ts';
import { noteRecord, packetRecord } from '../journal/journal-record.ts';
import { JournalWriter } from '../journal/journal-writer.ts';
import type { JournalNote } from '../journal/note.ts';
import { buildPartial, type Partial } from './partial.ts';
import { FRAME_MS, frameAt, framesOf, type RunHeader, writeHeader } from './run-header.ts';
import { type Erase, type HandOver, SegmentQueue } from './segment-queue.ts';

/**
 * A segment is closed so long after the end of its five minutes: late packets find their chunk, and the anchors of the last spurts
 * see what follows. ms
 */
export const HOLD_MS = 5_000;

/** All legs are back in voice by then; who shows up later has come anew. ms */
const RESUMED_WITHIN_MS = 10_000;

export interface RecordingRunOptions {
  sessionId: string;
  /** ms since the epoch; every position is counted from it. */
  timeZero: number;
  /** When the recording begins: time zero, or later in a session that was running. ms since the epoch. */
  startedAt: number;
  /** Folder of this recording alone; made here. */
  directory: string;
  handOver: HandOver;
  erase?: Erase | undefined;
  /** It goes on with a recording that was cut off at an instant: who is still there has never left. */
  resumes?: { at: number; staying: ReadonlySet<string> } | undefined;
  scheduler?: Scheduler;
}

export interface RecordingRunEvents {
  /** The journal cannot be written any further: the recording ends here, what was written is kept. */
  failed: [error: PatchbayError];
  /** A segment could not be made into chunks; its journal stays for the next start. */
  segmentFailed: [error: unknown, segment: number];
  damaged: [bytes: number, segment: number];
  /** Every chunk is on disk and handed over, or kept as journal. */
  finished: [];
}

export class RecordingRun extends EventEmitter<RecordingRunEvents> {
  readonly header: RunHeader;
  readonly #options: RecordingRunOptions;
  readonly #scheduler: Scheduler;
  readonly #writer: JournalWriter;
  readonly #queue: SegmentQueue;
  readonly #participants = new Map<string, string>();
  readonly #guilds = new Set<string>();
  readonly #directory: string;
  #partials = 0;
  #cancelRotation: (() => void) | undefined;
  #closed: Promise<boolean> | undefined;
  #written = 0;

  /** @throws {PatchbayError} `journal_unwritable`, `disk_full` */
  static async open(options: RecordingRunOptions): Promise<RecordingRun> {
    const { sessionId, timeZero, startedAt, directory } = options;
    await mkdir(directory, { recursive: true });
    const header: RunHeader = { v: 1, sessionId, timeZero, firstFrame: frameAt(timeZero, startedAt) };
    await writeHeader(directory, header);
    return new RecordingRun(options, header);
  }

  private constructor(options: RecordingRunOptions, header: RunHeader) {
    super();
    this.#options = options;
    const { directory, handOver, erase } = options;
    this.header = header;
    this.#directory = directory;
    this.#scheduler = options.scheduler ?? realTime;
    this.#writer = new JournalWriter({
      directory,
      segment: 0,
      onFailed: (error) => this.emit('failed', error),
      scheduler: this.#scheduler,
    });
    this.#queue = new SegmentQueue({
      directory,
      header,
      handOver,
      erase,
      onFailed: (error, segment) => this.emit('segmentFailed', error, segment),
      onDamage: (bytes, segment) => this.emit('damaged', bytes, segment),
    });
    this.#armRotation();
  }

  /** Bytes that were given to the journal so far. */
  get written(): number {
    return this.#written;
  }

  /** Is it being ended, or over? */
  get ends(): boolean {
    return this.#closed !== undefined;
  }

  /** Gives up: the recording ends here, what was written is kept. The caller finishes it. */
  fail(error: PatchbayError): void {
    if (!this.#closed) this.emit('failed', error);
  }

  /** Takes a packet of a participant who is recorded. Never throws and never waits. */
  packet(packet: VoicePacket, guildId: string): void {
    if (this.#closed) return;
    this.#meet(packet.userId, guildId);
    this.#append(packetRecord(packet));
  }

  /** A leg of this guild is recorded from now on. */
  guild(guildId: string): void {
    if (this.#guilds.has(guildId)) return;
    this.#guilds.add(guildId);
    this.note({ type: 'guild', guildId });
  }

  /** Guilds with a leg or a participant in the recording. */
  get guilds(): string[] {
    return [...new Set([...this.#guilds, ...this.#participants.values()])];
  }

  /** A participant came or left. `at` in ms since the epoch. */
  stay(userId: string, guildId: string, present: boolean, at: number): void {
    if (this.#closed) return;
    this.#meet(userId, guildId);
    const { startedAt, resumes } = this.#options;
    const goesOn = present && at - startedAt < RESUMED_WITHIN_MS && resumes?.staying.has(userId);
    this.note({ type: 'stay', userId, present, at: goesOn ? (resumes?.at ?? at) : at });
  }

  /** Writes down what the chunks must know. */
  note(note: JournalNote): void {
    if (!this.#closed) this.#append(noteRecord(note));
  }

  /**
   * Ends the recording at an instant (ms since the epoch). Resolves when every chunk is on disk and handed over; false: a segment
   * could not be made into chunks and its journal is kept.
   */
  finish(endAt: number = this.#scheduler.now()): Promise<boolean> {
    this.#closed ??= this.#finish(endAt);
    return this.#closed;
  }

  /** Resolves when everything is stored and nothing local is needed any more; false: something is kept for the next start. */
  stored(): Promise<boolean> {
    return this.#queue.stored();
  }

  /**
   * What was captured since the last chunk, as files in a folder that the caller removes; what was captured before is stored when it
   * resolves.
   *
   * @throws {PatchbayError} `segment_ended`: ask again; `queue_failed`
   */
  async partial(): Promise<Partial & { folder: string }> {
    // Each segment begins with the state that the one before it left.
    if (!(await this.#queue.stored())) {
      throw new PatchbayError('queue_failed', 'An earlier part of the recording could not be made into chunks.');
    }
    this.#writer.flush();
    this.#partials += 1;
    const into = join(this.#directory, `partial-${this.#partials}`);
    const { segment } = this.#writer;
    const built = { directory: this.#directory, header: this.header, segment, at: this.#scheduler.now(), into };
    return { ...(await buildPartial(built)), folder: into };
  }

  #meet(userId: string, guildId: string): void {
    if (this.#participants.get(userId) === guildId) return;
    this.#participants.set(userId, guildId);
    this.#append(noteRecord({ type: 'participant', userId, guildId }));
  }

  #append(record: Uint8Array): void {
    this.#written += record.length;
    this.#writer.append(record);
  }

  #armRotation(): void {
    const { endFrame } = framesOf(this.header, this.#writer.segment);
    const due = this.header.timeZero + endFrame * FRAME_MS + HOLD_MS;
    this.#cancelRotation = this.#scheduler.after(Math.max(0, due - this.#scheduler.now()), () => {
      if (this.#rotate()) this.#armRotation();
    });
  }

  /** Makes the segment that ends into chunks. False: the journal is broken. */
  #rotate(): boolean {
    const ended = this.#writer.rotate();
    if (this.#writer.segment === ended) return false;
    this.#queue.add(ended);
    return true;
  }

  async #finish(endAt: number): Promise<boolean> {
    this.#cancelRotation?.();
    const endFrame = frameAt(this.header.timeZero, endAt);
    // Ended within the hold: the five minutes before are a chunk of their own.
    while (framesOf(this.header, this.#writer.segment).endFrame < endFrame) if (!this.#rotate()) break;
    const last = await this.#writer.close();
    this.#queue.add(last, Math.max(endFrame, framesOf(this.header, last).firstFrame));
    const whole = await this.#queue.handedOver();
    this.emit('finished');
    return whole;
  }
}
