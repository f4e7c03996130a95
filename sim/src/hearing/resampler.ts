/** Any sample rate to the 16 kHz at which speech is recognised, piece by piece. */

/** What recognition works at, in Hz. */
export const HEARING_RATE = 16_000;
/** Half the length of the kernel, in samples of the lower rate. */
const HALF_TAPS = 16;

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

/** A streaming windowed-sinc converter. What comes out lies where it lay: the delay of the kernel is taken off. */
export class Resampler {
  readonly #step: number;
  readonly #phases: number;
  readonly #half: number;
  readonly #kernels: Float32Array[] = [];
  #pending: Float32Array;
  /** Position of the next output, in input samples × phases, from the start of `#pending`. */
  #position: number;

  constructor(from: number) {
    const divisor = greatestCommonDivisor(from, HEARING_RATE);
    this.#step = from / divisor;
    this.#phases = HEARING_RATE / divisor;
    const ratio = Math.max(1, from / HEARING_RATE);
    this.#half = Math.ceil(HALF_TAPS * ratio);
    const cutoff = 0.46 / ratio;
    for (let phase = 0; phase < this.#phases; phase += 1) {
      this.#kernels.push(
        Float32Array.from({ length: 2 * this.#half + 1 }, (_, tap) => {
          const distance = tap - this.#half - phase / this.#phases;
          const x = 2 * Math.PI * cutoff * distance;
          const window = 0.5 + 0.5 * Math.cos(Math.PI * Math.max(-1, Math.min(1, distance / this.#half)));
          return 2 * cutoff * window * (x === 0 ? 1 : Math.sin(x) / x);
        }),
      );
    }
    // Silence before the first sample, so that the first output can be made.
    this.#pending = new Float32Array(this.#half);
    this.#position = this.#half * this.#phases;
  }

  /** Takes the next samples; gives what can be computed by now (the last half kernel waits for more). */
  push(samples: Float32Array): Float32Array {
    if (this.#step === this.#phases) return samples;
    const input = new Float32Array(this.#pending.length + samples.length);
    input.set(this.#pending);
    input.set(samples, this.#pending.length);
    const output: number[] = [];
    let position = this.#position;
    for (;;) {
      const centre = Math.floor(position / this.#phases);
      if (centre + this.#half >= input.length) break;
      const kernel = this.#kernels[position % this.#phases] as Float32Array;
      const first = centre - this.#half;
      let sum = 0;
      for (let tap = 0; tap < kernel.length; tap += 1) sum += (kernel[tap] as number) * (input[first + tap] as number);
      output.push(sum);
      position += this.#step;
    }
    const used = Math.max(0, Math.floor(position / this.#phases) - this.#half);
    this.#pending = input.slice(used);
    this.#position = position - used * this.#phases;
    return Float32Array.from(output);
  }
}
