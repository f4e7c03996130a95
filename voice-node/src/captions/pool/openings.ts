/** When the service may be asked for another connection: after refusals less and less often. Pure. */
import { backoffMs } from '../../ops/backoff.ts';

/** Why a connection was not opened. */
export interface Refusal {
  /** Too many of them: later it may work. */
  limit: boolean;
  code: string;
  message: string;
}

export class Openings {
  #failures = 0;
  #blockedUntil = 0;
  #trouble = false;

  mayOpen(now: number): boolean {
    return now >= this.#blockedUntil;
  }

  /** The service works. True: it did not before. */
  works(): boolean {
    const was = this.#trouble;
    this.#failures = 0;
    this.#trouble = false;
    return was;
  }

  /** A connection failed before it was of any use. Says how long to wait; `undefined`: that is known already. */
  fails(now: number, refusal: Refusal | undefined): { waitMs: number; trouble: boolean } | undefined {
    // Those that were asked for together fail together: that is one failure.
    if (!this.mayOpen(now)) return undefined;
    const waitMs = backoffMs(this.#failures, { first: 250, most: 8_000 });
    this.#failures += 1;
    this.#blockedUntil = now + waitMs;
    const trouble = refusal !== undefined && !refusal.limit;
    this.#trouble ||= trouble;
    return { waitMs, trouble };
  }
}
