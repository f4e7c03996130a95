/** Says something on a connection on which nothing was sent for a while: the service closes one that is silent for 10 s. */
import type { Scheduler } from '../../ops/scheduler.ts';

/** ms */
export const KEEP_ALIVE_MS = 4_000;

export class KeepAlive {
  readonly #scheduler: Scheduler;
  readonly #say: () => void;
  #lastSentAt: number;
  #cancel: (() => void) | undefined;

  constructor(scheduler: Scheduler, say: () => void) {
    this.#scheduler = scheduler;
    this.#say = say;
    this.#lastSentAt = scheduler.now();
  }

  start(): void {
    this.sent();
    this.#arm();
  }

  /** Something was sent. */
  sent(): void {
    this.#lastSentAt = this.#scheduler.now();
  }

  stop(): void {
    this.#cancel?.();
  }

  #arm(): void {
    const wait = this.#lastSentAt + KEEP_ALIVE_MS - this.#scheduler.now();
    this.#cancel = this.#scheduler.after(Math.max(1, wait), () => {
      if (this.#scheduler.now() - this.#lastSentAt >= KEEP_ALIVE_MS) {
        this.#say();
        this.sent();
      }
      this.#arm();
    });
  }
}
