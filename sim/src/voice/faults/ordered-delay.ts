import type { Clock } from '../../time/clock.ts';

/** Holds pieces of work back without changing their order: a slow websocket. */
export class OrderedDelay {
  readonly #clock: Clock;
  readonly #delayMs: () => number;
  readonly #queue: (() => void)[] = [];
  #lastMs = 0;

  /** `delayMs` is asked for each piece; while it is 0 and nothing waits, work is done at once. */
  constructor(clock: Clock, delayMs: () => number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  push(work: () => void, delayMs: number = this.#delayMs()) {
    if (delayMs === 0 && this.#queue.length === 0) return work();
    this.#lastMs = Math.max(this.#clock.now() + delayMs, this.#lastMs);
    this.#queue.push(work);
    // Each timer lets the oldest piece go, whichever it was made for: timers are rounded, and might overtake each other.
    this.#clock.at(this.#lastMs, () => this.#queue.shift()?.());
  }

  /** Drops what waits. */
  clear(): void {
    this.#queue.length = 0;
  }
}
