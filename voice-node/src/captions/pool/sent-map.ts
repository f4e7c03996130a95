/**
 * What was sent on one channel, and whose it was: from audio time, which only sending moves on, back to the speaker and the session's
 * time. Whatever comes late goes to the one who said it, whoever has the slot by then. Pure.
 */
import { FRAME_MS, type SpeechFrame, type SpurtClock } from '../speech/speech-frame.ts';

/** Sent frames in a row that were spoken in a row. */
export interface SentRun<Owner> {
  owner: Owner;
  /** Position on the channel, in frames. */
  from: number;
  frames: number;
  clock: SpurtClock;
  /** ms from the start of the spurt to the first frame. */
  atMs: number;
}

/** A result may name a word so far outside of what was sent of its speaker: recognisers are not exact at borders. ms */
const SLACK_MS = 250;
/** Recognisers let a word begin early, in the silence that ends the spurt before. ms */
const EARLY_MS = 100;
/** So much of the past is kept for late results. ms */
const KEPT_MS = 60_000;

export class SentMap<Owner> {
  #runs: SentRun<Owner>[] = [];

  /** Takes note of a frame that was sent at a position (in frames). Call in order. */
  add(owner: Owner, position: number, { clock, atMs }: Pick<SpeechFrame, 'clock' | 'atMs'>): void {
    const last = this.#runs.at(-1);
    const follows =
      last?.owner === owner &&
      last.clock === clock &&
      last.from + last.frames === position &&
      Math.abs(last.atMs + last.frames * FRAME_MS - atMs) < 1;
    if (follows) last.frames += 1;
    else this.#runs.push({ owner, from: position, frames: 1, clock, atMs });
    const oldest = position - KEPT_MS / FRAME_MS;
    while ((this.#runs[0]?.from ?? position) + (this.#runs[0]?.frames ?? 0) < oldest) this.#runs.shift();
  }

  /**
   * Whose word it is that lies between two instants of audio time (ms); `undefined` when nobody's was sent near it. A word that
   * began with one speaker and reaches into the next one's speech was begun by the first.
   */
  of(startMs: number, endMs: number): SentRun<Owner> | undefined {
    const middle = this.#at((startMs + endMs) / 2);
    const begun = middle && startMs < middle.from * FRAME_MS - EARLY_MS ? this.#at(startMs) : middle;
    return begun && begun.owner !== middle?.owner ? begun : middle;
  }

  #at(audioMs: number): SentRun<Owner> | undefined {
    let best: SentRun<Owner> | undefined;
    let least = SLACK_MS;
    // The newest first: results are mostly of what was sent last.
    for (let index = this.#runs.length - 1; index >= 0; index -= 1) {
      const run = this.#runs[index] as SentRun<Owner>;
      const [from, to] = [run.from * FRAME_MS, (run.from + run.frames) * FRAME_MS];
      const distance = audioMs < from ? from - audioMs : audioMs >= to ? audioMs - to : 0;
      if (distance === 0) return run;
      if (distance < least) [best, least] = [run, distance];
      if (to + SLACK_MS < audioMs) break;
    }
    return best;
  }

  /** Everybody of whom something was sent in a stretch of audio time (ms). */
  owners(fromMs: number, toMs: number): Owner[] {
    const found = new Set<Owner>();
    for (const { owner, from, frames } of this.#runs) {
      if (from * FRAME_MS < toMs && (from + frames) * FRAME_MS > fromMs) found.add(owner);
    }
    return [...found];
  }
}

/** An instant of audio time (ms) on the session's timeline (ms), inside a run. */
export function sessionMs({ from, frames, clock, atMs }: SentRun<unknown>, audioMs: number): number {
  const inside = Math.max(0, Math.min(frames * FRAME_MS, audioMs - from * FRAME_MS));
  return Math.max(0, clock.startMs + atMs + inside);
}
