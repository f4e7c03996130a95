/** From decoded stereo at 48 kHz to what transcription hears: mono at 16 kHz. Pure. */
import { CHANNELS } from './opus-codec.ts';

/** 48 kHz to 16 kHz. */
const FACTOR = 3;
const TAPS = 79;
/** −6 dB at 7.2 kHz: flat to 5.8 kHz, where speech has what it needs, and under −70 dB from 8.7 kHz, so that little folds back. */
const CUTOFF = 7_200 / 48_000;
/** Kaiser window for about 75 dB. */
const BETA = 7.3;

/** Modified Bessel function of the first kind, order 0. */
function bessel(x: number): number {
  let [sum, term] = [1, 1];
  for (let index = 1; term > 1e-9 * sum; index += 1) {
    term *= (x / 2 / index) ** 2;
    sum += term;
  }
  return sum;
}

const half = (TAPS - 1) / 2;
const kernel: Float64Array = (() => {
  const taps = Float64Array.from({ length: TAPS }, (_, tap) => {
    const x = tap - half;
    const sinc = x === 0 ? 2 * CUTOFF : Math.sin(2 * Math.PI * CUTOFF * x) / (Math.PI * x);
    return sinc * (bessel(BETA * Math.sqrt(1 - (x / half) ** 2)) / bessel(BETA));
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
})();

/** One stream. What comes out is 0.8 ms behind what goes in: half of the filter. */
export class Downsampler {
  #tail = new Float64Array(TAPS - 1);

  /** Takes interleaved stereo at 48 kHz, a multiple of 3 samples each; gives a third as many, mixed to mono. */
  push(stereo: Int16Array): Int16Array {
    const length = stereo.length / CHANNELS;
    const input = new Float64Array(TAPS - 1 + length);
    input.set(this.#tail);
    for (let index = 0, at = TAPS - 1; index < stereo.length; index += 2, at += 1) {
      input[at] = ((stereo[index] as number) + (stereo[index + 1] as number)) / 2;
    }
    const output = new Int16Array(Math.floor(length / FACTOR));
    for (let index = 0; index < output.length; index += 1) {
      const first = index * FACTOR;
      const last = first + TAPS - 1;
      let sum = (kernel[half] as number) * (input[first + half] as number);
      for (let tap = 0; tap < half; tap += 1) {
        sum += (kernel[tap] as number) * ((input[first + tap] as number) + (input[last - tap] as number));
      }
      output[index] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
    }
    this.#tail = input.slice(length);
    return output;
  }
}
