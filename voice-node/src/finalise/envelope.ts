/**
 * The course of a sound: of every 5 ms their energy and their peak. From it the loudness at any gain behind the limiter is known without
 * the sound itself, so that the right gain is found without decoding again: within 0.1 LU on speech. 36 bytes for each spoken frame.
 */
import { GatedLoudness, KWeighting } from '../audio/loudness.ts';
import { FRAME_SAMPLES } from '../audio/packet.ts';
import type { SpokenFrame } from './grid.ts';

/** 5 ms, as the limiter's look-ahead. */
const PIECE_SAMPLES = 240;
const PIECES = FRAME_SAMPLES / PIECE_SAMPLES;
/** What the limiter gives back in one piece. */
const RELEASE = 1 - Math.exp(-PIECE_SAMPLES / (0.09 * 48_000));
/** Energy and peak. */
const VALUES = 2 * PIECES;
/** Frames in one part of the list. */
const PART_FRAMES = 4_096;

interface Part {
  indices: Uint32Array;
  values: Float32Array;
}

export class Envelope {
  readonly #weighting = new KWeighting();
  readonly #parts: Part[] = [];
  #frames = 0;
  #next = 0;

  /** Adds a frame; call in order. */
  add({ index, pcm }: SpokenFrame): void {
    if (index !== this.#next) this.#weighting.reset();
    this.#next = index + 1;
    const place = this.#frames % PART_FRAMES;
    if (place === 0)
      this.#parts.push({ indices: new Uint32Array(PART_FRAMES), values: new Float32Array(PART_FRAMES * VALUES) });
    const part = this.#parts.at(-1);
    if (!part) return;
    this.#frames += 1;
    part.indices[place] = index;
    for (let piece = 0; piece < PIECES; piece += 1) {
      const from = piece * PIECE_SAMPLES;
      part.values[place * VALUES + 2 * piece] = this.#weighting.energy(pcm, from, from + PIECE_SAMPLES);
      part.values[place * VALUES + 2 * piece + 1] = peakOf(pcm, 2 * from, 2 * (from + PIECE_SAMPLES));
    }
  }

  /**
   * Integrated loudness in LUFS with a gain and a limiter behind it; −Infinity: nothing above the gate.
   *
   * @param gain and @param ceiling as ratios
   */
  loudness(gain = 1, ceiling = Number.POSITIVE_INFINITY): number {
    const gated = new GatedLoudness();
    let next: number | undefined;
    let released = 1;
    const free = (): void => {
      released += (1 - released) * RELEASE;
    };
    for (let frame = 0; frame < this.#frames; frame += 1) {
      const part = this.#parts[Math.floor(frame / PART_FRAMES)];
      if (!part) break;
      const place = frame % PART_FRAMES;
      const index = part.indices[place] ?? 0;
      if (next !== undefined && index > next) {
        gated.silence((index - next) * FRAME_SAMPLES);
        // In a gap the limiter is given one frame of silence and then rests as it is.
        for (let piece = 0; piece < PIECES; piece += 1) free();
      }
      next = index + 1;
      for (let piece = 0; piece < PIECES; piece += 1) {
        const at = place * VALUES + 2 * piece;
        const peak = (part.values[at + 1] ?? 0) * gain;
        free();
        if (peak * released > ceiling) released = ceiling / peak;
        gated.add((part.values[at] ?? 0) * (gain * released) ** 2, PIECE_SAMPLES);
      }
    }
    // A block that is not full yet counts with silence behind it, as the file has it.
    gated.silence(4 * 4_800);
    return gated.integrated;
  }
}

function peakOf(pcm: Float32Array, from: number, to: number): number {
  let peak = 0;
  for (let at = from; at < to; at += 1) {
    const magnitude = Math.abs(pcm[at] ?? 0);
    if (magnitude > peak) peak = magnitude;
  }
  return peak;
}
