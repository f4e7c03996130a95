/**
 * A 20 ms tick on an absolute schedule: each tick is due 20 ms after the one before was due, so lateness does not add up
 * (`setInterval` drifts by 50 ms in ten idle seconds). After a stall up to three ticks are made up; the rest is skipped.
 */
import type { Scheduler } from '../ops/scheduler.ts';

export const TICK_MS = 20;
const MAX_CATCH_UP = 3;

export interface TickerTasks {
  /** @param dueAt when it should have been: what a busy machine adds is no property of the sound. */
  tick(dueAt: number): void;
  /** Called for each tick that is left out. */
  skip(): void;
}

export class Ticker {
  readonly #scheduler: Scheduler;
  readonly #tasks: TickerTasks;
  #dueAt: number | undefined;
  #cancel: (() => void) | undefined;

  constructor(scheduler: Scheduler, tasks: TickerTasks) {
    this.#scheduler = scheduler;
    this.#tasks = tasks;
  }

  /** Starts with the first tick at an instant; does nothing when it runs already. */
  start(firstAt: number): void {
    if (this.#dueAt !== undefined) return;
    this.#dueAt = firstAt;
    this.#arm();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#dueAt = undefined;
  }

  #arm(): void {
    if (this.#dueAt === undefined) return;
    const delay = Math.max(0, this.#dueAt - this.#scheduler.now());
    this.#cancel = this.#scheduler.after(delay, () => {
      // The packets of the time in which the loop was held up, be it for 15 ms, are still in the sockets.
      this.#cancel = this.#scheduler.afterInput(() => this.#run());
    });
  }

  #run(): void {
    const now = this.#scheduler.now();
    let made = 0;
    while (this.#dueAt !== undefined && this.#dueAt <= now) {
      const dueAt = this.#dueAt;
      const behind = Math.floor((now - dueAt) / TICK_MS);
      this.#dueAt += TICK_MS;
      if (behind >= MAX_CATCH_UP && made === 0) {
        this.#tasks.skip();
      } else {
        this.#tasks.tick(dueAt);
        made += 1;
      }
    }
    this.#arm();
  }
}
