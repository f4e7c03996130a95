/**
 * A look-ahead limiter for stereo at 48 kHz: no true peak above the ceiling, no click where it takes hold. The gain that each sample
 * needs is held over the look-ahead, let go slowly, and smoothed over the same length, so that it is down in time and never jumps.
 *
 * It works block by block: most blocks of speech come nowhere near the ceiling, and cost no more than being looked through.
 */
import { SAMPLE_RATE } from './packet.ts';
import { PeakFinder } from './true-peak.ts';

/** 5 ms. */
const LOOK_AHEAD = SAMPLE_RATE / 200;
/** Half of what was taken away is given back in about 60 ms. */
const RELEASE = 1 - Math.exp(-1 / (0.09 * SAMPLE_RATE));
/** A gain so near to one is one: 0.00001 dB. */
const RELEASED = 1 - 1e-6;
/** The peak finder tells of a sample six samples later. */
const PEAK_DELAY = 6;
/** How long a sample stays inside: until the smoothing window lies wholly within the time for which its gain is held. Samples. */
export const LIMITER_DELAY: number = LOOK_AHEAD - 1 + PEAK_DELAY;

export class Limiter {
  readonly #ceiling: number;
  readonly #left = new PeakFinder(0);
  readonly #right = new PeakFinder(1);
  readonly #minimum = new SlidingMinimum();
  /** What is inside, then the block. */
  #inside = new Float32Array(2 * LIMITER_DELAY);
  #peaks = new Float64Array();
  /** The released gains of the last `LOOK_AHEAD` samples, as a ring, and their sum. */
  readonly #ring = new Float64Array(LOOK_AHEAD).fill(1);
  #slot = 0;
  #sum = LOOK_AHEAD;
  #released = 1;
  /** Samples since the last one that needed a gain below one, and since the gain was one again. */
  #harmless: number = LOOK_AHEAD;
  #resting: number = LOOK_AHEAD;
  /** The least gain so far. */
  least = 1;

  /** @param ceiling as a ratio of full scale */
  constructor(ceiling: number) {
    this.#ceiling = ceiling;
  }

  /** Limits interleaved stereo in place; what comes out is `LIMITER_DELAY` samples older than what went in. */
  process(pcm: Float32Array): void {
    const length = pcm.length >> 1;
    if (this.#peaks.length !== length) this.#peaks = new Float64Array(length);
    else this.#peaks.fill(0);
    const left = this.#left.scan(pcm, this.#ceiling, this.#peaks);
    const right = this.#right.scan(pcm, this.#ceiling, this.#peaks);
    this.#delay(pcm);
    const isHarmless = left <= this.#ceiling && right <= this.#ceiling;
    if (!isHarmless || this.#harmless < LOOK_AHEAD) this.#limit(pcm, length);
    else if (this.#resting < LOOK_AHEAD) this.#release(pcm, length);
  }

  /** Puts what came `LIMITER_DELAY` samples earlier in the place of the block. */
  #delay(pcm: Float32Array): void {
    const before = this.#inside;
    const all = 2 * LIMITER_DELAY + pcm.length;
    const inside = before.length === all ? before : new Float32Array(all);
    inside.set(before.subarray(before.length - 2 * LIMITER_DELAY));
    inside.set(pcm, 2 * LIMITER_DELAY);
    pcm.set(inside.subarray(0, pcm.length));
    this.#inside = inside;
  }

  /** A block in which some sample needs a lower gain, or one shortly before it did. */
  #limit(pcm: Float32Array, length: number): void {
    const [ceiling, peaks] = [this.#ceiling, this.#peaks];
    for (let index = 0; index < length; index += 1) {
      const peak = peaks[index] ?? 0;
      this.#harmless = peak > ceiling ? 0 : this.#harmless + 1;
      this.#apply(pcm, index, this.#minimum.push(peak > ceiling ? ceiling / peak : 1));
    }
  }

  /** A block that needs no gain, while an earlier one is let go. */
  #release(pcm: Float32Array, length: number): void {
    this.#minimum.clear();
    for (let index = 0; index < length; index += 1) this.#apply(pcm, index, 1);
    // A long run of additions drifts by rounding; with all ones it is exact again.
    if (this.#resting >= LOOK_AHEAD) this.#sum = LOOK_AHEAD;
  }

  #apply(pcm: Float32Array, index: number, held: number): void {
    const freed = this.#released + (1 - this.#released) * RELEASE;
    const released = held < freed ? held : freed > RELEASED ? 1 : freed;
    this.#resting = released === 1 ? this.#resting + 1 : 0;
    this.#released = released;
    this.#sum += released - (this.#ring[this.#slot] ?? 1);
    this.#ring[this.#slot] = released;
    this.#slot = this.#slot + 1 === LOOK_AHEAD ? 0 : this.#slot + 1;
    const smooth = this.#sum / LOOK_AHEAD;
    const gain = smooth < 1 ? smooth : 1;
    if (gain < this.least) this.least = gain;
    pcm[2 * index] = (pcm[2 * index] ?? 0) * gain;
    pcm[2 * index + 1] = (pcm[2 * index + 1] ?? 0) * gain;
  }
}

/** The least of the last `LOOK_AHEAD` values, as a ring of candidates that rise from the oldest to the newest. */
class SlidingMinimum {
  readonly #values = new Float64Array(LOOK_AHEAD + 1);
  readonly #times = new Float64Array(LOOK_AHEAD + 1);
  #first = 0;
  #count = 0;
  #now = 0;

  push(value: number): number {
    const size = LOOK_AHEAD + 1;
    this.#now += 1;
    while (this.#count > 0 && (this.#values[(this.#first + this.#count - 1) % size] ?? 0) >= value) this.#count -= 1;
    const last = (this.#first + this.#count) % size;
    this.#values[last] = value;
    this.#times[last] = this.#now;
    this.#count += 1;
    if ((this.#times[this.#first] ?? 0) <= this.#now - LOOK_AHEAD) {
      this.#first = (this.#first + 1) % size;
      this.#count -= 1;
    }
    return this.#values[this.#first] ?? 1;
  }

  /** Every value in it is one. */
  clear(): void {
    this.#count = 0;
  }
}
