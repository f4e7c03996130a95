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
/** Mean square at the absolute gate. */
const LEAST_BLOCK = energyOf(ABSOLUTE_GATE);

/** Both filters, of both channels, in transposed direct form II. */
export class KWeighting {
  /** Four states for each channel. */
  readonly #states = new Float64Array(8);

  /** Goes on with interleaved stereo, samples `from` up to before `to`, and gives the sum of the squares of what comes out. */
  energy(pcm: Float32Array, from: number, to: number): number {
    const states = this.#states;
    // Both channels in one loop: each waits for its own last result, and the processor works on the other meanwhile.
    let [s1 = 0, s2 = 0, h1 = 0, h2 = 0, t1 = 0, t2 = 0, g1 = 0, g2 = 0] = states;
    const [b0, b1, b2] = shelf.b;
    const [a1, a2] = shelf.a;
    const [c1, c2] = highPass.a;
    let energy = 0;
    for (let index = 2 * from; index < 2 * to; index += 2) {
      const left = pcm[index] ?? 0;
      const right = pcm[index + 1] ?? 0;
      const leftShelved = b0 * left + s1;
      const rightShelved = b0 * right + t1;
      s1 = b1 * left - a1 * leftShelved + s2;
      t1 = b1 * right - a1 * rightShelved + t2;
      s2 = b2 * left - a2 * leftShelved;
      t2 = b2 * right - a2 * rightShelved;
      const leftPassed = leftShelved + h1;
      const rightPassed = rightShelved + g1;
      h1 = -2 * leftShelved - c1 * leftPassed + h2;
      g1 = -2 * rightShelved - c1 * rightPassed + g2;
      h2 = leftShelved - c2 * leftPassed;
      g2 = rightShelved - c2 * rightPassed;
      energy += leftPassed * leftPassed + rightPassed * rightPassed;
    }
    states[0] = s1;
    states[1] = s2;
    states[2] = h1;
    states[3] = h2;
    states[4] = t1;
    states[5] = t2;
    states[6] = g1;
    states[7] = g2;
    return energy;
  }

  reset(): void {
    this.#states.fill(0);
  }
}

/** Blocks and gates: from energies, in order of time, to the integrated loudness. */
export class GatedLoudness {
  /** Energy of the last three whole steps, and of the one that is filling. */
  #steps: [number, number, number] = [0, 0, 0];
  #filling = 0;
  #filled = 0;
  #wholeSteps = 0;
  /** Mean square of each block above the absolute gate. */
  readonly #blocks: number[] = [];

  /** Samples until the step is full. */
  get room(): number {
    return STEP_SAMPLES - this.#filled;
  }

  /** Adds the energy of some samples: no more than there is room for. */
  add(energy: number, samples: number): void {
    this.#filling += energy;
    this.#filled += samples;
    if (this.#filled === STEP_SAMPLES) this.#step();
  }

  /**
   * Adds digital silence. Cheap: silence is far below the gate, so that only the blocks that reach back into sound count.
   *
   * @param samples at 48 kHz
   */
  silence(samples: number): void {
    let left = samples;
    for (let steps = 0; left > 0 && steps < 5; steps += 1) {
      const step = Math.min(left, this.room);
      left -= step;
      this.add(0, step);
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
      if (block > LEAST_BLOCK) this.#blocks.push(block);
    }
    this.#steps = [second, third, this.#filling];
    this.#filling = 0;
    this.#filled = 0;
  }
}

export class LoudnessMeter {
  readonly #weighting = new KWeighting();
  readonly #gated = new GatedLoudness();

  /** Adds interleaved stereo; 1 is full scale. */
  add(pcm: Float32Array): void {
    const samples = pcm.length >> 1;
    for (let from = 0; from < samples; ) {
      const to = Math.min(samples, from + this.#gated.room);
      this.#gated.add(this.#weighting.energy(pcm, from, to), to - from);
      from = to;
    }
  }

  /** Adds digital silence; it costs nothing. `samples` at 48 kHz. */
  silence(samples: number): void {
    // The filters ring on for a few ms, below the gate.
    this.#weighting.reset();
    this.#gated.silence(samples);
  }

  /** Integrated loudness in LUFS; −Infinity: nothing was above the gate. */
  get integrated(): number {
    return this.#gated.integrated;
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
