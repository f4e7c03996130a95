/**
 * Landmarks: pairs of peaks in a spectrogram, each pair a number. Where many numbers of a known sound turn up in the same order
 * and spacing, that sound was heard. After A. Wang, "An Industrial-Strength Audio Search Algorithm" (ISMIR 2003): peaks survive
 * noise, level and codecs, and no single pair matters.
 */
import { type Frame, HIGHEST_BIN, LOWEST_BIN } from './spectrogram.ts';

export interface Peak {
  frame: number;
  bin: number;
}

export interface Landmark {
  /** Bins of the earlier and the later peak. */
  bin: number;
  otherBin: number;
  /** Frames from the one to the other. */
  apart: number;
  /** Frame of the earlier peak. */
  frame: number;
}

/** A peak is the highest of so many frames and bins on each side. */
const FRAMES_AROUND = 4;
const BINS_AROUND = 5;
/** A peak reaches −65 dB of full scale … */
const FAINTEST = 10 ** -6.5;
/** … and no less than −32 dB of the loudest peak of late, which falls by 20 dB a second. */
const UNDER_LOUDEST = 10 ** -3.2;
const LOUDEST_DECAY = 10 ** (-2 / 125);
/** Noise has peaks everywhere; the strongest of a frame are enough. */
const MOST_PEAKS = 5;
/** Each peak is paired with so many that follow within so many frames and bins. */
const PARTNERS = 8;
const FARTHEST_FRAMES = 63;
const FARTHEST_BINS = 64;

/** A landmark's number: the two bins and the frames between them. */
export const hashOf = (bin: number, otherBin: number, frames: number): number => (bin << 14) | (otherBin << 6) | frames;

/** Finds landmarks in a stream of frames. A landmark is reported when its later peak is sure, 4 frames after it. */
export class LandmarkFinder {
  readonly #frames: Frame[] = [];
  #next = 0;
  #loudest = 0;
  #recent: Peak[] = [];

  push(frame: Frame): Landmark[] {
    this.#frames.push(frame);
    if (this.#frames.length > 2 * FRAMES_AROUND + 1) this.#frames.shift();
    this.#next += 1;
    const centre = this.#frames[this.#frames.length - 1 - FRAMES_AROUND];
    if (!centre) return [];
    const position = this.#next - 1 - FRAMES_AROUND;
    const landmarks: Landmark[] = [];
    for (const bin of this.#peaksOf(centre)) {
      const peak = { frame: position, bin };
      let partners = 0;
      for (let index = this.#recent.length - 1; index >= 0 && partners < PARTNERS; index -= 1) {
        const earlier = this.#recent[index] as Peak;
        const apart = position - earlier.frame;
        if (apart > FARTHEST_FRAMES) break;
        if (apart === 0 || Math.abs(earlier.bin - bin) > FARTHEST_BINS) continue;
        landmarks.push({ bin: earlier.bin, otherBin: bin, apart, frame: earlier.frame });
        partners += 1;
      }
      this.#recent.push(peak);
    }
    while (this.#recent[0] && position - this.#recent[0].frame > FARTHEST_FRAMES) this.#recent.shift();
    return landmarks;
  }

  #peaksOf(centre: Frame): number[] {
    const peaks: number[] = [];
    let loudest = this.#loudest * LOUDEST_DECAY;
    for (let bin = LOWEST_BIN; bin <= HIGHEST_BIN; bin += 1) {
      const power = centre.power[bin] as number;
      if (power < FAINTEST || power < loudest * UNDER_LOUDEST || !this.#isHighest(power, bin)) continue;
      peaks.push(bin);
      loudest = Math.max(loudest, power);
    }
    this.#loudest = loudest;
    if (peaks.length <= MOST_PEAKS) return peaks;
    return peaks
      .sort((left, right) => (centre.power[right] as number) - (centre.power[left] as number))
      .slice(0, MOST_PEAKS);
  }

  #isHighest(power: number, bin: number): boolean {
    const first = Math.max(LOWEST_BIN, bin - BINS_AROUND);
    const last = Math.min(HIGHEST_BIN, bin + BINS_AROUND);
    for (const { power: other } of this.#frames) {
      for (let near = first; near <= last; near += 1) if ((other[near] as number) > power) return false;
    }
    return true;
  }
}
