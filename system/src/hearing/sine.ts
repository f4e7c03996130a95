/** How loud a sine is where it is loudest: for tones that start nobody knows when. */
import { SAMPLE_RATE, type Timeline } from './timeline.ts';

/** Long enough to tell tones 200 Hz apart, short enough to lie inside a note. */
const WINDOW = SAMPLE_RATE / 10;
const STEP = WINDOW / 5;

/** Amplitude of this frequency in the loudest tenth of a second. */
export function loudestSine({ samples }: Timeline, hertz: number): number {
  let loudest = 0;
  for (let start = 0; start + WINDOW <= samples.length; start += STEP) {
    let [cosine, sine] = [0, 0];
    for (let index = start; index < start + WINDOW; index += 1) {
      const phase = (2 * Math.PI * hertz * index) / SAMPLE_RATE;
      cosine += (samples[index] ?? 0) * Math.cos(phase);
      sine += (samples[index] ?? 0) * Math.sin(phase);
    }
    loudest = Math.max(loudest, (2 * Math.hypot(cosine, sine)) / WINDOW);
  }
  return loudest;
}
