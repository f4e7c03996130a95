/** How fast a stream may go out: as spoken, a little faster when speech has piled up, since the service takes a stream for live. Pure. */
import { FRAME_MS } from '../speech/speech-frame.ts';

/** Times real time. */
const PACE = 1.25;
/** What may go out at once: the first words of somebody for whom a connection was opened. Frames */
const BURST_FRAMES = 1_000 / FRAME_MS;

export class Pace {
  #budget = BURST_FRAMES;
  #at: number;

  constructor(now: number) {
    this.#at = now;
  }

  /** Whole frames that may go out now. */
  allowance(now: number): number {
    this.#budget = Math.min(BURST_FRAMES, this.#budget + ((now - this.#at) / FRAME_MS) * PACE);
    this.#at = now;
    return Math.floor(this.#budget);
  }

  spend(frames: number): void {
    this.#budget -= frames;
  }
}
