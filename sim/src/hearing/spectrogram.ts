/** Sound as frames of 32 ms, one each 8 ms: what recognition looks at. */
import { BINS, FRAME_SAMPLES, powerSpectrum } from './fourier.ts';
import { HEARING_RATE } from './resampler.ts';

/** Samples from one frame to the next: 8 ms. */
export const HOP_SAMPLES = 128;
export const FRAMES_PER_SECOND: number = HEARING_RATE / HOP_SAMPLES;
/** Bins of the speech band, 200 to 7000 Hz. What lies above (a tone under a voice, say) is not looked at. */
export const LOWEST_BIN = 7;
export const HIGHEST_BIN = 223;
/** Bands of the coarse shape, narrow below and wide above. */
export const BANDS = 24;

const edges = Array.from({ length: BANDS + 1 }, (_, band) =>
  Math.round(LOWEST_BIN + (HIGHEST_BIN + 1 - LOWEST_BIN) * ((2 ** ((band / BANDS) * 3.2) - 1) / (2 ** 3.2 - 1))),
);
/** Each band has a bin of its own at the least. */
for (let band = 1; band <= BANDS; band += 1) edges[band] = Math.max(edges[band] ?? 0, (edges[band - 1] ?? 0) + 1);

export interface Frame {
  /** Power by bin, full scale = 1. */
  power: Float32Array;
  /** Compressed band powers with their mean taken off and length 1; all zero in silence. */
  shape: Float32Array;
  /** Power in the speech band. */
  level: number;
}

/** Below this (−60 dB of full scale) nothing is heard. */
const SILENCE = 1e-6;

/** What stays in a band for half a second is background: no sound of speech does. */
const BACKGROUND_FRAMES = 60;
/** The lowest of so many frames of noise lies far under their mean, in power. */
const OVER_LOWEST = 3;

/** The powers of the bands in the newest frames. */
class Background {
  readonly #bands: Float32Array[] = [];
  #next = 0;

  /** Takes the background off the band powers of the next frame. */
  remove(bands: Float32Array): void {
    this.#bands[this.#next % BACKGROUND_FRAMES] = Float32Array.from(bands);
    this.#next += 1;
    if (this.#next < BACKGROUND_FRAMES) return;
    for (let band = 0; band < BANDS; band += 1) {
      let lowest = Number.POSITIVE_INFINITY;
      for (const earlier of this.#bands) lowest = Math.min(lowest, earlier[band] as number);
      bands[band] = Math.max(0, (bands[band] as number) - OVER_LOWEST * lowest);
    }
  }
}

function frameOf(samples: Float32Array, offset: number, background: Background): Frame {
  const power = new Float32Array(BINS);
  powerSpectrum(samples, offset, power);
  const shape = new Float32Array(BANDS);
  let level = 0;
  for (let band = 0; band < BANDS; band += 1) {
    let sum = 0;
    for (let bin = edges[band] as number; bin < (edges[band + 1] as number); bin += 1) sum += power[bin] as number;
    level += sum;
    shape[band] = sum;
  }
  background.remove(shape);
  let mean = 0;
  for (let band = 0; band < BANDS; band += 1) {
    shape[band] = (shape[band] as number) ** 0.25;
    mean += (shape[band] as number) / BANDS;
  }
  let square = 0;
  for (let band = 0; band < BANDS; band += 1) {
    shape[band] = (shape[band] as number) - mean;
    square += (shape[band] as number) ** 2;
  }
  const scale = level < SILENCE || square === 0 ? 0 : 1 / Math.sqrt(square);
  for (let band = 0; band < BANDS; band += 1) shape[band] = (shape[band] as number) * scale;
  return { power, shape, level };
}

/** How alike two frames are in their shape: 1 the same, about 0 unrelated or silent. */
export function likeness(left: Frame, right: Frame): number {
  let sum = 0;
  for (let band = 0; band < BANDS; band += 1) sum += (left.shape[band] as number) * (right.shape[band] as number);
  return sum;
}

/** Cuts a stream of samples at 16 kHz into frames. Frame n covers the samples from n × 128. */
export class Framer {
  readonly #background = new Background();
  #pending: Float32Array = new Float32Array(0);

  push(samples: Float32Array): Frame[] {
    const input = new Float32Array(this.#pending.length + samples.length);
    input.set(this.#pending);
    input.set(samples, this.#pending.length);
    const frames: Frame[] = [];
    let offset = 0;
    for (; offset + FRAME_SAMPLES <= input.length; offset += HOP_SAMPLES)
      frames.push(frameOf(input, offset, this.#background));
    this.#pending = input.slice(offset);
    return frames;
  }
}
