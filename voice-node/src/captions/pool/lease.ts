/** A slot in somebody's hands, from the first frame of a spurt until what was said is final. */
import type { SpeakerLine } from './speaker-line.ts';

export class Lease {
  readonly line: SpeakerLine;
  /** The language that was spoken to the service. */
  readonly language: string;
  /** Grows with every holder of the slot. */
  readonly generation: number;
  readonly since: number;
  /** Up to which position (frames) an answer is awaited; undefined: to none. */
  awaiting: number | undefined;
  cancelWait: (() => void) | undefined;
  /** The turn ends: what was sent is made final, what follows waits for another slot. */
  ending = false;
  /** Where the turn ended in the middle of speech, frames: the word at that place is left to the next slot, which gets it whole. */
  cutAt: number | undefined;
  /** Up to here all is final, frames. */
  finalUpTo = 0;
  /** When the last spurt ended. */
  quietSince: number | undefined;

  constructor(line: SpeakerLine, generation: number, since: number) {
    this.line = line;
    this.language = line.tuning.language;
    this.generation = generation;
    this.since = since;
  }

  stopWaiting(): void {
    this.cancelWait?.();
    this.cancelWait = undefined;
    this.awaiting = undefined;
  }
}
