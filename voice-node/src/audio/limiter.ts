/**
 * A look-ahead limiter for stereo at 48 kHz: no true peak above the ceiling, no click where it takes hold. The gain that each sample
 * needs is held over the look-ahead, let go slowly, and smoothed over the same length, so that it is down in time and never jumps.
 */
import { SAMPLE_RATE } from './packet.ts';
import { PeakFinder } from './true-peak.ts';

/** 5 ms. */
const LOOK_AHEAD = SAMPLE_RATE / 200;
/** Half of what was taken away is given back in about 60 ms. */
const RELEASE = 1 - Math.exp(-1 / (0.09 * SAMPLE_RATE));
/** The peak finder tells of a sample six samples later. */
const PEAK_DELAY = 6;
/** How long a sample stays inside: until the smoothing window lies wholly within the time for which its gain is held. Samples. */
export const LIMITER_DELAY: number = LOOK_AHEAD - 1 + PEAK_DELAY;

export class Limiter {
  readonly #ceiling: number;
  readonly #left = new PeakFinder();
  readonly #right = new PeakFinder();
  readonly #delay = new Float32Array(2 * LIMITER_DELAY);
  /** Needed gains of the last `LOOK_AHEAD` samples, as a queue of falling minima: index of the sample and its gain. */
  #minima: { index: number; gain: number }[] = [];
  #first = 0;
  readonly #held = new Float64Array(LOOK_AHEAD).fill(1);
  #sum = LOOK_AHEAD;
  #released = 1;
  #index = 0;
  /** The least gain so far. */
  least = 1;

  /** @param ceiling as a ratio of full scale */
  constructor(ceiling: number) {
    this.#ceiling = ceiling;
  }

  /** Limits interleaved stereo in place; what comes out is `LIMITER_DELAY` samples older than what went in. */
  process(pcm: Float32Array): void {
    for (let at = 0; at + 1 < pcm.length; at += 2) {
      const left = pcm[at] ?? 0;
      const right = pcm[at + 1] ?? 0;
      const peak = Math.max(this.#left.next(left, this.#ceiling), this.#right.next(right, this.#ceiling));
      const gain = this.#smooth(peak > this.#ceiling ? this.#ceiling / peak : 1);
      const slot = 2 * (this.#index % LIMITER_DELAY);
      pcm[at] = (this.#delay[slot] ?? 0) * gain;
      pcm[at + 1] = (this.#delay[slot + 1] ?? 0) * gain;
      this.#delay[slot] = left;
      this.#delay[slot + 1] = right;
      this.#index += 1;
    }
  }

  #smooth(needed: number): number {
    const index = this.#index;
    const minima = this.#minima;
    while (minima.length > this.#first && (minima.at(-1)?.gain ?? 0) >= needed) minima.pop();
    minima.push({ index, gain: needed });
    if ((minima[this.#first]?.index ?? index) <= index - LOOK_AHEAD) this.#first += 1;
    if (this.#first > 1_000) {
      this.#minima = minima.slice(this.#first);
      this.#first = 0;
    }
    const held = this.#minima[this.#first]?.gain ?? 1;
    this.#released = Math.min(held, this.#released + (1 - this.#released) * RELEASE);
    const slot = index % LOOK_AHEAD;
    this.#sum += this.#released - (this.#held[slot] ?? 1);
    this.#held[slot] = this.#released;
    // A long run of additions drifts by rounding; with all ones it is exact again.
    const gain = Math.min(1, this.#sum / LOOK_AHEAD);
    if (gain < this.least) this.least = gain;
    return gain;
  }
}
