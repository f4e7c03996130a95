/**
 * Loudness of stereo audio at 48 kHz as ITU-R BS.1770-4 and EBU R 128 measure it: K-weighting, blocks of 400 ms with 75 % overlap,
 * an absolute gate at −70 LUFS and a relative one 10 LU below. Pure: samples in, LUFS out.
 */
import { SAMPLE_RATE } from './packet.ts';

/** A block is four of these steps. Samples. */
const STEP_SAMPLES = SAMPLE_RATE / 10;
const ABSOLUTE_GATE = -70;
const RELATIVE_GATE = -10;
/** BS.1770-4, table 1 and 2: the shelf of the head, then the high-pass, at 48 kHz. */
const shelf = {
  b: [1.53512485958697, -2.69169618940638, 1.19839281085285],
  a: [-1.69065929318241, 0.73248077421585],
} as const;
const highPass = { b: [1, -2, 1], a: [-1.99004745483398, 0.99007225036621] } as const;

const lufs = (energy: number): number => -0.691 + 10 * Math.log10(energy);
const energyOf = (loudness: number): number => 10 ** ((loudness + 0.691) / 10);

/** Both filters for one channel, in transposed direct form II. */
class KWeighting {
  #s1 = 0;
  #s2 = 0;
  #h1 = 0;
  #h2 = 0;

  next(sample: number): number {
    const { b, a } = shelf;
    const shelved = b[0] * sample + this.#s1;
    this.#s1 = b[1] * sample - a[0] * shelved + this.#s2;
    this.#s2 = b[2] * sample - a[1] * shelved;
    const passed = shelved + this.#h1;
    this.#h1 = -2 * shelved - highPass.a[0] * passed + this.#h2;
    this.#h2 = shelved - highPass.a[1] * passed;
    return passed;
  }

  reset(): void {
    [this.#s1, this.#s2, this.#h1, this.#h2] = [0, 0, 0, 0];
  }
}

export class LoudnessMeter {
  readonly #left = new KWeighting();
  readonly #right = new KWeighting();
  /** Energy of the last three whole steps, and of the one that is filling. */
  #steps: [number, number, number] = [0, 0, 0];
  #filling = 0;
  #filled = 0;
  #wholeSteps = 0;
  /** Mean square of each block above the absolute gate. */
  readonly #blocks: number[] = [];

  /** Adds interleaved stereo; 1 is full scale. `gain` is applied first. */
  add(pcm: ArrayLike<number>, gain = 1): void {
    for (let index = 0; index + 1 < pcm.length; index += 2) {
      const left = this.#left.next((pcm[index] ?? 0) * gain);
      const right = this.#right.next((pcm[index + 1] ?? 0) * gain);
      this.#filling += left * left + right * right;
      this.#filled += 1;
      if (this.#filled === STEP_SAMPLES) this.#step();
    }
  }

  /**
   * Adds digital silence. Cheap: silence is far below the gate, so that only the blocks that reach back into sound count.
   *
   * @param samples at 48 kHz
   */
  silence(samples: number): void {
    let left = samples;
    // The filters ring on for a few ms, below the gate.
    this.#left.reset();
    this.#right.reset();
    for (let steps = 0; left > 0 && steps < 5; steps += 1) {
      const step = Math.min(left, STEP_SAMPLES - this.#filled);
      this.#filled += step;
      left -= step;
      if (this.#filled === STEP_SAMPLES) this.#step();
    }
    // All steps in memory are silent now: the rest only moves the grid of the steps.
    this.#filled = (this.#filled + left) % STEP_SAMPLES;
  }

  /** Integrated loudness in LUFS; −Infinity: nothing was above the gate. */
  get integrated(): number {
    return integratedOf(this.#blocks);
  }

  #step(): void {
    const [first, second, third] = this.#steps;
    this.#wholeSteps += 1;
    if (this.#wholeSteps >= 4) {
      const block = (first + second + third + this.#filling) / (4 * STEP_SAMPLES);
      if (block > 0 && lufs(block) > ABSOLUTE_GATE) this.#blocks.push(block);
    }
    this.#steps = [second, third, this.#filling];
    this.#filling = 0;
    this.#filled = 0;
  }
}

/** Integrated loudness of blocks that passed the absolute gate. */
function integratedOf(blocks: readonly number[]): number {
  if (blocks.length === 0) return Number.NEGATIVE_INFINITY;
  const mean = blocks.reduce((sum, block) => sum + block, 0) / blocks.length;
  const gate = energyOf(lufs(mean) + RELATIVE_GATE);
  let sum = 0;
  let count = 0;
  for (const block of blocks) {
    if (block <= gate) continue;
    sum += block;
    count += 1;
  }
  return count === 0 ? Number.NEGATIVE_INFINITY : lufs(sum / count);
}
