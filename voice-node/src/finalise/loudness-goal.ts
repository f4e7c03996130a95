/** Which gain brings a sound to the wanted loudness, although a limiter takes loudness away, the more the higher the gain. */
import { LoudnessMeter } from '../audio/loudness.ts';
import { FRAME_SAMPLES } from '../audio/packet.ts';
import { ratioOf } from '../audio/true-peak.ts';
import type { Envelope } from './envelope.ts';
import type { SpokenFrame } from './grid.ts';

export interface LoudnessGoal {
  /** LUFS */
  target: number;
  /** dBTP */
  ceiling: number;
  /** dB; more would make noise out of near silence. */
  mostGain: number;
}

/** −16 LUFS with −1 dBTP, as podcasts are delivered. The encoders that follow may add a little to a peak: half a dB is left for them. */
export const goal: LoudnessGoal = { target: -16, ceiling: -1.5, mostGain: 20 };

export interface Level {
  /** LUFS as spoken; −Infinity: nothing above the gate. */
  before: number;
  /** dB */
  gain: number;
  /** LUFS after gain and limiter, as the envelope tells. */
  after: number;
  /** `gain`: the highest gain was not enough. `peak`: the limiter would have had to work too hard. */
  atLimit: 'gain' | 'peak' | undefined;
}

/** dB above the plain gain that are given at most to make up for what the limiter takes. */
const MOST_MADE_UP = 5;
/** LU: so near is there. */
const NEAR = 0.1;
/** dB: the gain is found as exactly as this. */
const STEP = 0.02;

/** Measures frames that come with gaps. */
export class GapMeter {
  readonly #meter = new LoudnessMeter();
  #next: number | undefined;

  add({ index, pcm }: SpokenFrame): void {
    if (this.#next !== undefined && index > this.#next) this.#meter.silence((index - this.#next) * FRAME_SAMPLES);
    this.#meter.add(pcm);
    this.#next = index + 1;
  }

  get integrated(): number {
    // A block that is not full yet counts with silence behind it, as the file has it.
    this.#meter.silence(4 * 4_800);
    return this.#meter.integrated;
  }
}

/** The gain that lands nearest to the target. Pure. */
export function levelOf(envelope: Pick<Envelope, 'loudness'>, { target, ceiling, mostGain }: LoudnessGoal): Level {
  const before = envelope.loudness();
  if (before === Number.NEGATIVE_INFINITY) return { before, gain: 0, after: before, atLimit: undefined };
  const at = (gain: number): number => envelope.loudness(ratioOf(gain), ratioOf(ceiling));
  const plain = target - before;
  const most = Math.min(mostGain, plain + MOST_MADE_UP);
  const least = Math.min(mostGain, plain);
  let [low, high] = [least, most];
  let after = at(low);
  if (after < target - NEAR && low < high) {
    after = at(high);
    if (after <= target) low = high;
    while (high - low > STEP) {
      const middle = (low + high) / 2;
      after = at(middle);
      if (after < target) low = middle;
      else high = middle;
    }
  }
  const short = after < target - NEAR;
  return { before, gain: low, after, atLimit: short ? (most === mostGain ? 'gain' : 'peak') : undefined };
}
