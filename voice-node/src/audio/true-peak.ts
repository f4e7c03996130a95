/**
 * True peak of stereo audio (ITU-R BS.1770-4, annex 2): what a converter makes of the samples lies between them, so that they are
 * looked at four times as finely.
 */

/** The interpolating filter of annex 2: four phases of twelve taps. */
const phases: readonly (readonly number[])[] = [
  [
    0.001708984375, 0.010986328125, -0.0196533203125, 0.033203125, -0.0594482421875, 0.1373291015625, 0.97216796875,
    -0.102294921875, 0.047607421875, -0.026611328125, 0.014892578125, -0.00830078125,
  ],
  [
    -0.0291748046875, 0.029296875, -0.0517578125, 0.089111328125, -0.16650390625, 0.465087890625, 0.77978515625,
    -0.2003173828125, 0.1015625, -0.0582275390625, 0.0330810546875, -0.0189208984375,
  ],
  [
    -0.0189208984375, 0.0330810546875, -0.0582275390625, 0.1015625, -0.2003173828125, 0.77978515625, 0.465087890625,
    -0.16650390625, 0.089111328125, -0.0517578125, 0.029296875, -0.0291748046875,
  ],
  [
    -0.00830078125, 0.014892578125, -0.026611328125, 0.047607421875, -0.102294921875, 0.97216796875, 0.1373291015625,
    -0.0594482421875, 0.033203125, -0.0196533203125, 0.010986328125, 0.001708984375,
  ],
];
const TAPS = 12;
/** A sample so far below the bound cannot have a true peak above it: the filter's gain is below 2. */
const SURELY_BELOW = 0.5;

/** The interpolated peaks of one channel. */
export class PeakFinder {
  /** The last samples, twice in a row, so that a window never wraps. */
  readonly #window = new Float64Array(TAPS * 2);
  #at = 0;
  /** Samples since the last loud one. */
  #quiet: number = TAPS;

  /**
   * The true peak around a sample, six samples late; exact where it is above half of `bound`, below that it may be the sample's own
   * magnitude.
   */
  next(sample: number, bound: number): number {
    this.#at = (this.#at + TAPS - 1) % TAPS;
    this.#window[this.#at] = sample;
    this.#window[this.#at + TAPS] = sample;
    const magnitude = Math.abs(sample);
    this.#quiet = magnitude > bound * SURELY_BELOW ? 0 : this.#quiet + 1;
    let peak = magnitude;
    if (this.#quiet >= TAPS) return peak;
    for (const taps of phases) {
      let sum = 0;
      for (let tap = 0; tap < TAPS; tap += 1) sum += (taps[tap] ?? 0) * (this.#window[this.#at + tap] ?? 0);
      const between = Math.abs(sum);
      if (between > peak) peak = between;
    }
    return peak;
  }
}

export const decibels = (ratio: number): number => 20 * Math.log10(ratio);
export const ratioOf = (dB: number): number => 10 ** (dB / 20);

/** The highest true peak of interleaved stereo. */
export class TruePeakMeter {
  readonly #channels = [new PeakFinder(), new PeakFinder()] as const;
  #peak = 0;

  add(pcm: ArrayLike<number>): void {
    const [left, right] = this.#channels;
    for (let index = 0; index + 1 < pcm.length; index += 2) {
      this.#peak = Math.max(
        this.#peak,
        left.next(pcm[index] ?? 0, this.#peak),
        right.next(pcm[index + 1] ?? 0, this.#peak),
      );
    }
  }

  /** dBTP; −Infinity: silence. */
  get dBTP(): number {
    return decibels(this.#peak);
  }
}
