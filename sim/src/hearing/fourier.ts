/** Power spectra of short frames: an in-place radix-2 transform with tables made once. */

/** Samples of one frame: 32 ms at 16 kHz. */
export const FRAME_SAMPLES = 512;
/** Bins of a spectrum; bin n lies at n × 31.25 Hz. */
export const BINS = FRAME_SAMPLES / 2;

const cosines = Float64Array.from({ length: BINS }, (_, index) => Math.cos((-2 * Math.PI * index) / FRAME_SAMPLES));
const sines = Float64Array.from({ length: BINS }, (_, index) => Math.sin((-2 * Math.PI * index) / FRAME_SAMPLES));
const hann = Float64Array.from(
  { length: FRAME_SAMPLES },
  (_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / FRAME_SAMPLES),
);
const reversed = Uint16Array.from({ length: FRAME_SAMPLES }, (_, index) => {
  let result = 0;
  for (let bit = 1; bit < FRAME_SAMPLES; bit <<= 1) result = (result << 1) | (index & bit ? 1 : 0);
  return result;
});
const real = new Float64Array(FRAME_SAMPLES);
const imaginary = new Float64Array(FRAME_SAMPLES);

/**
 * Power of each bin of the frame that starts at `offset`, Hann window, scaled so that a full-scale sine has power 1
 * in its bin.
 */
export function powerSpectrum(samples: Float32Array, offset: number, power: Float32Array): void {
  for (let index = 0; index < FRAME_SAMPLES; index += 1) {
    const from = reversed[index] ?? 0;
    real[index] = (samples[offset + from] ?? 0) * (hann[from] ?? 0);
    imaginary[index] = 0;
  }
  for (let half = 1; half < FRAME_SAMPLES; half *= 2) {
    const stride = BINS / half;
    for (let start = 0; start < FRAME_SAMPLES; start += 2 * half) {
      for (let index = 0; index < half; index += 1) {
        const [even, odd] = [start + index, start + index + half];
        const cosine = cosines[index * stride] as number;
        const sine = sines[index * stride] as number;
        const [oddReal, oddImaginary] = [real[odd] as number, imaginary[odd] as number];
        const turnedReal = oddReal * cosine - oddImaginary * sine;
        const turnedImaginary = oddReal * sine + oddImaginary * cosine;
        real[odd] = (real[even] as number) - turnedReal;
        imaginary[odd] = (imaginary[even] as number) - turnedImaginary;
        real[even] = (real[even] as number) + turnedReal;
        imaginary[even] = (imaginary[even] as number) + turnedImaginary;
      }
    }
  }
  // Half of the amplitude is in the mirror bin, and the window keeps half of it: (N / 4)².
  const scale = 1 / (FRAME_SAMPLES / 4) ** 2;
  for (let bin = 0; bin < BINS; bin += 1) {
    power[bin] = ((real[bin] as number) ** 2 + (imaginary[bin] as number) ** 2) * scale;
  }
}
