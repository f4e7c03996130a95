/**
 * Records the participants of one session: one Ogg Opus file each, over all their joins and SSRCs, from time zero to the end.
 * Files grow while people speak (pages of 200 ms), so that a killed process leaves readable files.
 */
import { EventEmitter } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PatchbayError } from '@patchbay/shared/errors';
import type { VoicePacket } from '../audio/packet.ts';
import { realTime, type Scheduler } from '../ops/scheduler.ts';
import { type FinishedTrack, TrackWriter } from './track-writer.ts';

export type { FinishedTrack } from './track-writer.ts';

const FLUSH_MS = 200;

export interface RecorderOptions {
  sessionId: string;
  /** ms since the epoch; every position is counted from it. */
  timeZero: number;
  /** Folder for the files; made when it is missing. */
  directory: string;
  scheduler?: Scheduler;
}

export interface RecorderEvents {
  /** The disk refused: what is named is not recorded any further. */
  failed: [{ userId: string; error: PatchbayError }];
}

export class Recorder extends EventEmitter<RecorderEvents> {
  readonly #options: RecorderOptions;
  readonly #scheduler: Scheduler;
  readonly #tracks = new Map<string, TrackWriter>();
  readonly #broken = new Set<string>();
  readonly #ready: Promise<unknown>;
  #cancelFlush: (() => void) | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #finished = false;

  constructor(options: RecorderOptions) {
    super();
    this.#options = options;
    this.#scheduler = options.scheduler ?? realTime;
    this.#ready = mkdir(options.directory, { recursive: true });
    // A refusal is reported for each track at its first write; unhandled it would end the process.
    this.#ready.catch(() => undefined);
    this.#arm();
  }

  /** Takes a packet of a participant who is recorded. Never throws and never waits. */
  packet(packet: VoicePacket): void {
    if (this.#finished || this.#broken.has(packet.userId)) return;
    let track = this.#tracks.get(packet.userId);
    if (!track) {
      const { sessionId, timeZero, directory } = this.#options;
      track = new TrackWriter({
        userId: packet.userId,
        path: join(directory, `${packet.userId}.ogg`),
        timeZero,
        serial: this.#tracks.size + 1,
        comments: { TITLE: `Session ${sessionId}`, ARTIST: packet.userId },
      });
      this.#tracks.set(packet.userId, track);
    }
    track.add(packet);
  }

  /** Ends the recording at an instant (ms since the epoch); every track is exactly as long. */
  async finish(endAt: number = this.#scheduler.now()): Promise<FinishedTrack[]> {
    this.#finished = true;
    this.#cancelFlush?.();
    await this.#flushing;
    const finished: FinishedTrack[] = [];
    for (const track of this.#tracks.values()) {
      if (this.#broken.has(track.userId)) continue;
      const result = await this.#guarded(track, () => track.finish(endAt));
      if (result) finished.push(result);
    }
    return finished;
  }

  #arm(): void {
    this.#cancelFlush = this.#scheduler.after(FLUSH_MS, () => {
      this.#flushing = this.#flush().then(() => {
        if (!this.#finished) this.#arm();
      });
    });
  }

  async #flush(): Promise<void> {
    const now = this.#scheduler.now();
    for (const track of this.#tracks.values()) {
      if (!this.#broken.has(track.userId)) await this.#guarded(track, () => track.flush(now));
    }
  }

  async #guarded<T>(track: TrackWriter, work: () => Promise<T>): Promise<T | undefined> {
    try {
      await this.#ready;
      return await work();
    } catch (cause) {
      this.#broken.add(track.userId);
      const error = new PatchbayError(
        'recording_write_failed',
        `The recording of user ${track.userId} cannot be written to ${track.path}. Check the disk's space and permissions.`,
        { cause },
      );
      this.emit('failed', { userId: track.userId, error });
      return undefined;
    }
  }
}
