/** What is tried when a receiver has stalled, one after the other, each once. Pure. */

/** From the gentlest: anew on the socket, anew in the encryption's group, anew on the voice server. */
export type Repair = 'resubscribe' | 'reinitialise' | 'rejoin';

/** So long after the stall was seen. Each step is given time to help before the next one. ms */
const steps: readonly { after: number; repair: Repair }[] = [
  { after: 0, repair: 'resubscribe' },
  { after: 5_000, repair: 'reinitialise' },
  { after: 15_000, repair: 'rejoin' },
];

export class Watchdog {
  #since: number | undefined;
  #done = 0;

  /** Time alone may bring the next step. */
  get waits(): boolean {
    return this.#since !== undefined && this.#done < steps.length;
  }

  /** What to do now, if anything. `at` in ms. */
  look(stalled: boolean, at: number): Repair | undefined {
    if (!stalled) {
      this.#since = undefined;
      this.#done = 0;
      return undefined;
    }
    this.#since ??= at;
    const step = steps[this.#done];
    if (!step || at - this.#since < step.after) return undefined;
    this.#done += 1;
    return step.repair;
  }
}
