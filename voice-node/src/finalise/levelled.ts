/** Frames with a gain, through the limiter: what a listener of the fragment hears. */
import { Limiter } from '../audio/limiter.ts';
import { FRAME_VALUES } from '../audio/opus-codec.ts';
import type { SpokenFrame } from './grid.ts';

/** A limiter with a gain in front of it, for frames that come with gaps. */
export class Leveller {
  readonly #limiter: Limiter;
  readonly #gain: number;
  #next = 0;
  #ringing = false;

  /** @param gain and @param ceiling as ratios */
  constructor(gain: number, ceiling: number) {
    this.#gain = gain;
    this.#limiter = new Limiter(ceiling);
  }

  /** The least gain that the limiter applied. */
  get least(): number {
    return this.#limiter.least;
  }

  /** Gives the frames that come out. A frame after a gap is preceded by what was still inside. */
  push(frame: SpokenFrame): SpokenFrame[] {
    const out = this.#ringing && frame.index > this.#next ? this.flush() : [];
    const pcm = new Float32Array(FRAME_VALUES);
    for (let value = 0; value < FRAME_VALUES; value += 1) pcm[value] = (frame.pcm[value] ?? 0) * this.#gain;
    this.#limiter.process(pcm);
    this.#next = frame.index + 1;
    this.#ringing = true;
    return [...out, { index: frame.index, pcm }];
  }

  /** What is still inside: one frame. */
  flush(): SpokenFrame[] {
    if (!this.#ringing) return [];
    this.#ringing = false;
    const pcm = new Float32Array(FRAME_VALUES);
    this.#limiter.process(pcm);
    return [{ index: this.#next, pcm }];
  }
}
