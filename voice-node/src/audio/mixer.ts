/** Sums frames of several speakers and keeps the sum inside 16 bits without a click. Pure; buffers are the caller's. */
import type { Sound } from './fade.ts';

/** Above this level the limiter bends the curve: −3 dB below full scale. */
const KNEE = 23_197;
const CEILING = 32_767;
const ROOM = CEILING - KNEE;

/** Adds a frame to a sum, value by value. Frames of another length are cut or padded with silence. */
export function addFrame(sum: Int32Array, frame: Sound): void {
  const length = Math.min(sum.length, frame.length);
  for (let index = 0; index < length; index += 1) sum[index] = (sum[index] ?? 0) + (frame[index] ?? 0);
}

/**
 * A soft limit: linear up to −3 dB below full scale, then bending towards full scale, which it never passes. The curve and its
 * slope are continuous at the knee, so that the onset is not heard.
 */
export function softLimit(value: number): number {
  const size = Math.abs(value);
  if (size <= KNEE) return value;
  const over = (size - KNEE) / ROOM;
  const limited = KNEE + ROOM * (over / (1 + over));
  return value < 0 ? -limited : limited;
}

/** Writes the limited sum into `output`. */
export function limitInto(output: Int16Array, sum: Int32Array): void {
  for (let index = 0; index < output.length; index += 1) output[index] = Math.round(softLimit(sum[index] ?? 0));
}
