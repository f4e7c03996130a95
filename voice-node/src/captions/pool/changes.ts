/** Waiting for something to change, but not for ever. */
import type { Scheduler } from '../../ops/scheduler.ts';

export class Changes {
  readonly #scheduler: Scheduler;
  readonly #waiting = new Set<() => void>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Wakes whoever waits. */
  tell(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves with the next change, or with `false` when none came in time. */
  next(withinMs: number): Promise<boolean> {
    if (withinMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const wake = (): void => finish(true);
      const cancel = this.#scheduler.after(withinMs, () => finish(false));
      const finish = (changed: boolean): void => {
        this.#waiting.delete(wake);
        cancel();
        resolve(changed);
      };
      this.#waiting.add(wake);
    });
  }
}
