/** Changes of level inside one frame of interleaved stereo. Pure; each gives a new frame. */
import { CHANNELS } from './opus-codec.ts';

/** Sound for a mixer: may be louder than 16 bits hold, which the mixer limits. */
export type Sound = Int16Array | Int32Array;

/** The frame with a gain that goes in a straight line from one value to another over its first `samples`, and stays there. */
export function ramp(frame: Sound, from: number, to: number, samples = frame.length / CHANNELS): Int32Array {
  return Int32Array.from(frame, (value, index) => {
    const way = Math.min(1, Math.floor(index / CHANNELS) / samples);
    return Math.round(value * (from + (to - from) * way));
  });
}

/** One frame fading out while another fades in. */
export function crossFade(from: Int16Array, to: Int16Array): Int16Array {
  return Int16Array.from(to, (value, index) => {
    const way = index / to.length;
    return Math.round((from[index] ?? 0) * (1 - way) + value * way);
  });
}

/** −54 dB of full scale: what lies below is not missed. */
const QUIET = 64;

/** Is nothing to be heard in it? */
export function isQuiet(frame: Int16Array): boolean {
  return frame.every((value) => Math.abs(value) < QUIET);
}
