/** What a bad network does to packets. Pure: it decides, others wait and send. */
import { z } from 'zod';
import { seededRandom } from '../../time/random.ts';

const chance = z.number().min(0).max(1);
const ms = z.number().min(0).max(60_000);

/** Faults of one direction of a leg. Everything left out is off. */
export const packetFaultsSchema = z.object({
  /** The same seed gives the same fate to the n-th packet, whatever the time. */
  seed: z.union([z.string(), z.number()]).default(1),
  /** Chance of each packet to be lost. */
  loss: chance.default(0),
  /** Burst loss (Gilbert–Elliott): chance of each packet to begin a burst, and how many packets a burst takes on average. */
  burst: z.object({ chance, packets: z.number().min(1).max(10_000) }).optional(),
  /** Chance to arrive twice. */
  duplicate: chance.default(0),
  /** Chance to be overtaken, and by how much it is held back, in ms. */
  reorder: z.object({ chance, delayMs: ms }).optional(),
  /** Added to every packet, in ms. */
  delayMs: ms.default(0),
  /** At most this much more, evenly spread, in ms; packets keep their order. */
  jitterMs: ms.default(0),
});
export type PacketFaults = z.output<typeof packetFaultsSchema>;

/** Of one copy of a packet: how long it takes (ms), and whether it may overtake and be overtaken. */
export interface Passage {
  delayMs: number;
  ordered: boolean;
}

/** Decides the fate of packet after packet. */
export class PacketFate {
  readonly #faults: PacketFaults;
  readonly #random: () => number;
  #inBurst = false;

  /** `leg` tells legs with the same faults apart, so that they do not lose the same packets. */
  constructor(faults: PacketFaults, leg: string | number) {
    this.#faults = faults;
    this.#random = seededRandom(`${faults.seed}/${leg}`);
  }

  /** The copies of the next packet; none when it is lost. */
  next(): Passage[] {
    const { loss, burst, duplicate, reorder, delayMs, jitterMs } = this.#faults;
    // Always the same number of draws, so that one fault's chance does not change what another one hits.
    const [lost, begins, ends, twice, overtaken, late, lateCopy] = Array.from({ length: 7 }, this.#random);
    if (burst) {
      if (this.#inBurst) this.#inBurst = hits(1 - 1 / burst.packets, ends);
      else this.#inBurst = hits(burst.chance, begins);
      if (this.#inBurst) return [];
    }
    if (hits(loss, lost)) return [];
    const passage: Passage = { delayMs: delayMs + jitterMs * (late ?? 0), ordered: true };
    if (reorder && hits(reorder.chance, overtaken)) {
      passage.delayMs += reorder.delayMs;
      passage.ordered = false;
    }
    if (!hits(duplicate, twice)) return [passage];
    return [passage, { delayMs: delayMs + jitterMs * (lateCopy ?? 0), ordered: true }];
  }
}

const hits = (chance: number, draw = 1) => draw < chance;
