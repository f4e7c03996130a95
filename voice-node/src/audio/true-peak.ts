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
const coefficients = Float64Array.from(phases.flat());
/** A sample so far below the bound cannot have a true peak above it: the filter's gain is 2.03 at most. */
const SURELY_BELOW = 0.49;

/** The interpolated peaks of one channel. */
export class PeakFinder {
  readonly #channel: 0 | 1;
  /** The last samples of the block before, then the block. */
  #samples = new Float64Array(TAPS - 1);
  /** Samples since the last loud one. */
  #quiet: number = TAPS;

  /** @param channel of the interleaved stereo: 0 is left */
  constructor(channel: 0 | 1) {
    this.#channel = channel;
  }

  /**
   * Goes through the next block of interleaved stereo and gives its highest peak. What lies between samples is looked at only where it
   * may be above `bound`: there the result is exact, below it may be the samples' own magnitude.
   *
   * @param into the peak around each sample, six samples late, is put here if it is higher than what is there. Left as it is when
   * nothing in the block comes near the bound.
   */
  scan(pcm: Float32Array, bound: number, into?: Float64Array): number {
    const length = pcm.length >> 1;
    const samples = this.#load(pcm, length);
    const loud = bound * SURELY_BELOW;
    let highest = 0;
    for (let at = TAPS - 1; at < samples.length; at += 1) {
      const magnitude = Math.abs(samples[at] ?? 0);
      if (magnitude > highest) highest = magnitude;
    }
    if (highest <= loud && this.#quiet >= TAPS) return highest;
    for (let index = 0; index < length; index += 1) {
      const newest = index + TAPS - 1;
      let peak = Math.abs(samples[newest] ?? 0);
      this.#quiet = peak > loud ? 0 : this.#quiet + 1;
      if (this.#quiet < TAPS) {
        const between = interpolated(samples, newest);
        if (between > peak) peak = between;
      }
      if (peak > highest) highest = peak;
      if (into && peak > (into[index] ?? 0)) into[index] = peak;
    }
    return highest;
  }

  #load(pcm: Float32Array, length: number): Float64Array {
    const before = this.#samples;
    const samples = before.length === length + TAPS - 1 ? before : new Float64Array(length + TAPS - 1);
    samples.set(before.subarray(before.length - TAPS + 1));
    for (let index = 0; index < length; index += 1) samples[index + TAPS - 1] = pcm[2 * index + this.#channel] ?? 0;
    this.#samples = samples;
    return samples;
  }
}

/** The highest magnitude of the four phases. */
function interpolated(samples: Float64Array, newest: number): number {
  let highest = 0;
  for (let phase = 0; phase < coefficients.length; phase += TAPS) {
    let sum = 0;
    for (let tap = 0; tap < TAPS; tap += 1) sum += (coefficients[phase + tap] ?? 0) * (samples[newest - tap] ?? 0);
    const magnitude = Math.abs(sum);
    if (magnitude > highest) highest = magnitude;
  }
  return highest;
}

export const decibels = (ratio: number): number => 20 * Math.log10(ratio);
export const ratioOf = (dB: number): number => 10 ** (dB / 20);

/** The highest true peak of interleaved stereo. */
export class TruePeakMeter {
  readonly #channels = [new PeakFinder(0), new PeakFinder(1)] as const;
  #peak = 0;

  add(pcm: Float32Array): void {
    for (const channel of this.#channels) this.#peak = Math.max(this.#peak, channel.scan(pcm, this.#peak));
  }

  /** dBTP; −Infinity: silence. */
  get dBTP(): number {
    return decibels(this.#peak);
  }
}
