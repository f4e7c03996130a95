/**
 * Which gain brings a sound to the wanted loudness. A limiter takes loudness away, the more the higher the gain: so several gains are
 * tried side by side on one decoding, and the right one lies between them.
 */
import { LoudnessMeter } from '../audio/loudness.ts';
import { FRAME_SAMPLES } from '../audio/packet.ts';
import { decibels, ratioOf } from '../audio/true-peak.ts';
import type { SpokenFrame } from './grid.ts';
import { Leveller } from './levelled.ts';

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
  /** LUFS after gain and limiter, as measured or interpolated between measurements. */
  after: number;
  /** `gain`: the highest gain was not enough. `peak`: the limiter would have had to work too hard. */
  atLimit: 'gain' | 'peak' | undefined;
}

/** dB above the plain gain that are tried. */
const TRIED = [0, 2.5] as const;
/** LU: nearer needs no second look. */
const NEAR = 0.1;

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

/** The gains to try for a sound of a loudness, in dB, least first. */
export function gainsToTry(before: number, { target, mostGain }: LoudnessGoal): number[] {
  if (before === Number.NEGATIVE_INFINITY) return [0];
  const plain = target - before;
  if (plain >= mostGain) return [mostGain];
  return TRIED.map((more) => Math.min(mostGain, plain + more));
}

/** Several gains, each with its limiter and meter, on the same frames. */
export class Trial {
  readonly #goal: LoudnessGoal;
  readonly #before: number;
  readonly #tried: { gain: number; leveller: Leveller; meter: GapMeter }[];

  constructor(before: number, loudnessGoal: LoudnessGoal) {
    this.#goal = loudnessGoal;
    this.#before = before;
    this.#tried = gainsToTry(before, loudnessGoal).map((gain) => ({
      gain,
      leveller: new Leveller(ratioOf(gain), ratioOf(loudnessGoal.ceiling)),
      meter: new GapMeter(),
    }));
  }

  add(frame: SpokenFrame): void {
    for (const { leveller, meter } of this.#tried) for (const out of leveller.push(frame)) meter.add(out);
  }

  /** The gain that lands nearest to the target. */
  decide(): Level {
    const points = this.#tried.map(({ gain, leveller, meter }) => {
      for (const out of leveller.flush()) meter.add(out);
      return { gain, after: meter.integrated };
    });
    return levelOf(this.#before, points, this.#goal);
  }
}

/** How far beyond the highest gain that was tried the line is believed, in dB. */
const BELIEVED = 2.5;

/** The gain on the line through the tried ones. Pure. */
export function levelOf(
  before: number,
  points: readonly { gain: number; after: number }[],
  { target, mostGain }: LoudnessGoal,
): Level {
  const [low, high] = points;
  if (!low || before === Number.NEGATIVE_INFINITY) return { before, gain: 0, after: before, atLimit: undefined };
  const atGain = low.gain >= mostGain ? ('gain' as const) : undefined;
  if (!high || low.after >= target - NEAR) {
    const short = low.after < target - NEAR;
    return { before, gain: low.gain, after: low.after, atLimit: short ? atGain : undefined };
  }
  const slope = (high.after - low.after) / (high.gain - low.gain);
  const wanted = low.gain + (target - low.after) / Math.max(slope, 0.05);
  const most = Math.min(mostGain, high.gain + BELIEVED);
  const gain = Math.min(most, wanted);
  return {
    before,
    gain,
    after: low.after + slope * (gain - low.gain),
    atLimit: wanted <= most ? undefined : most === mostGain ? 'gain' : 'peak',
  };
}

/** Does a sound of this peak need the limiter at this gain? */
export function needsLimiter(peak: number, gain: number, { ceiling }: LoudnessGoal): boolean {
  return decibels(peak) + gain > ceiling;
}
