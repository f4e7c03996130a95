/** Those who came since a notice was last given: they get it, together and not too often. */
import type { Scheduler } from '../ops/scheduler.ts';

/** Who has just come is given so long to be able to hear and see it; those who come together are told together. ms */
const SETTLE_MS = 1_500;

export class LateJoiners {
  readonly #everyMs: number;
  readonly #scheduler: Scheduler;
  readonly #tell: (userIds: string[]) => void;
  readonly #waiting = new Set<string>();
  #lastAt: number;
  #cancel: (() => void) | undefined;

  /** Made when the notice was given to everybody who is there. `everyMs`: between two of them at least. */
  constructor(everyMs: number, scheduler: Scheduler, tell: (userIds: string[]) => void) {
    this.#everyMs = everyMs;
    this.#scheduler = scheduler;
    this.#tell = tell;
    this.#lastAt = scheduler.now();
  }

  came(userId: string): void {
    this.#waiting.add(userId);
    const now = this.#scheduler.now();
    this.#cancel ??= this.#scheduler.after(Math.max(SETTLE_MS, this.#lastAt + this.#everyMs - now), () => {
      this.#cancel = undefined;
      const told = [...this.#waiting];
      this.#waiting.clear();
      if (told.length === 0) return;
      this.#lastAt = this.#scheduler.now();
      this.#tell(told);
    });
  }

  /** Nobody is told who has left before. */
  left(userId: string): void {
    this.#waiting.delete(userId);
  }

  close(): void {
    this.#cancel?.();
    this.#waiting.clear();
  }
}
