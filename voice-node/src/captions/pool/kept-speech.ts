/**
 * The speech of one person that is not safely understood yet: what waits to be sent, and what was sent and is not final. Both are
 * bounded. When a connection is lost, what was sent is sent again. Pure.
 */
import { FRAME_MS, type SpeechFrame } from '../speech/speech-frame.ts';

/** Sent, not final: so much is kept for sending it again. ms */
export const MOST_SENT_MS = 10_000;
/** Not sent: so much waits for a slot. ms */
export const MOST_UNSENT_MS = 20_000;
/**
 * What is final is kept a little longer while the person goes on: a word that lay across the border must be whole when it is sent
 * again. ms
 */
const OVERLAP_MS = 1_200;

interface Entry {
  /** Absent: the spurt ends here. */
  frame?: SpeechFrame;
  /** Position on the channel at which it was sent, in frames. */
  position: number;
}

/** A stretch of the session of which no words will come. ms from time zero. */
export interface LostSpan {
  fromMs: number;
  toMs: number;
}

export class KeptSpeech {
  #entries: Entry[] = [];
  /** Index of the first entry that was not sent. */
  #unsent = 0;
  /** Speech that was sent and never became final, not counting what is kept for the overlap: up to this position all is final. */
  #finalUpTo = 0;

  add(frame: SpeechFrame): void {
    this.#entries.push({ frame, position: 0 });
  }

  /** The spurt is over. */
  end(): void {
    if (this.#entries.at(-1)?.frame) this.#entries.push({ position: 0 });
  }

  /** What can be sent: frames up to the end of the first spurt, and whether that end is there. */
  get ready(): { frames: number; ended: boolean } {
    let frames = 0;
    for (let index = this.#unsent; index < this.#entries.length; index += 1) {
      if (!this.#entries[index]?.frame) return { frames, ended: true };
      frames += 1;
    }
    return { frames, ended: false };
  }

  /** Something waits to be sent. */
  get waits(): boolean {
    return this.#unsent < this.#entries.length;
  }

  /** Somebody is in the middle of saying something: the newest spurt has no end yet. */
  get open(): boolean {
    return this.#entries.at(-1)?.frame !== undefined;
  }

  /** What was sent stops in the middle of a spurt. */
  get isTorn(): boolean {
    return this.#entries[this.#unsent - 1]?.frame !== undefined;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** The next frame, which is sent at this position of its channel; `undefined` at the end of a spurt. */
  take(position: number): SpeechFrame | undefined {
    const entry = this.#entries[this.#unsent];
    if (!entry?.frame) return undefined;
    entry.position = position;
    this.#unsent += 1;
    return entry.frame;
  }

  /** Passes over the end of a spurt, all of which was sent. */
  takeEnd(position: number): boolean {
    const entry = this.#entries[this.#unsent];
    if (!entry || entry.frame) return false;
    entry.position = position;
    this.#unsent += 1;
    return true;
  }

  /** All that was sent before a position is final. */
  settle(position: number): void {
    this.#finalUpTo = Math.max(this.#finalUpTo, position);
    let drop = 0;
    for (let index = 0; index < this.#unsent; index += 1) {
      const entry = this.#entries[index] as Entry;
      if (!entry.frame && entry.position <= position) drop = index + 1;
      else if (entry.frame && entry.position < position - OVERLAP_MS / FRAME_MS) drop = Math.max(drop, index + 1);
    }
    this.#drop(drop);
  }

  /** Lets go of everything that was sent: it is understood, or given up. The next lease counts its positions anew. */
  forgetSent(): void {
    this.#drop(this.#unsent);
    this.#finalUpTo = 0;
  }

  /** What was sent since the last final, before a position of its channel, as a stretch of the session. */
  unsettled(before = Number.POSITIVE_INFINITY): LostSpan | undefined {
    const open = this.#entries
      .slice(0, this.#unsent)
      .filter(({ frame, position }) => frame && position >= this.#finalUpTo && position < before);
    return spanOf(open.flatMap(({ frame }) => frame ?? []));
  }

  /** The connection is lost: what was sent waits again. Positions count anew on the next channel. */
  rewind(): void {
    this.#unsent = 0;
    this.#finalUpTo = 0;
  }

  /** Keeps the bounds. What is lost for want of room to wait; what was sent too long ago only cannot be sent again. */
  trim(): LostSpan | undefined {
    const sentFrames = MOST_SENT_MS / FRAME_MS;
    if (this.#unsent > sentFrames) this.#drop(this.#unsent - sentFrames);
    const surplus = this.#entries.length - this.#unsent - MOST_UNSENT_MS / FRAME_MS;
    if (surplus <= 0) return undefined;
    const lost = this.#entries.splice(this.#unsent, surplus);
    return spanOf(lost.flatMap(({ frame }) => frame ?? []));
  }

  clear(): LostSpan | undefined {
    const lost = this.#entries.slice(this.#unsent);
    this.#entries = [];
    this.#unsent = 0;
    return spanOf(lost.flatMap(({ frame }) => frame ?? []));
  }

  #drop(count: number): void {
    if (count === 0) return;
    this.#entries.splice(0, count);
    this.#unsent -= count;
  }
}

function spanOf(frames: readonly SpeechFrame[]): LostSpan | undefined {
  const [first, last] = [frames[0], frames.at(-1)];
  if (!first || !last) return undefined;
  return {
    fromMs: Math.max(0, first.clock.startMs + first.atMs),
    toMs: Math.max(0, last.clock.startMs + last.atMs + FRAME_MS),
  };
}
