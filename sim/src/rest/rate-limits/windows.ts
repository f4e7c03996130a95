import type { RouteLimit } from './table.ts';

export interface Taken {
  allowed: boolean;
  remaining: number;
  /** When the window ends, in ms of the caller's clock. */
  resetAt: number;
}

/** Fixed windows that begin with their first request, one for each key. Pure: the caller says what time it is, in ms. */
export class Windows {
  readonly #open = new Map<string, { resetAt: number; used: number }>();

  /** Counts one request, unless the window is full. */
  take(key: string, { limit, windowMs }: RouteLimit, now: number): Taken {
    let window = this.#open.get(key);
    if (!window || window.resetAt <= now) {
      window = { resetAt: now + windowMs, used: 0 };
      this.#open.set(key, window);
    }
    const allowed = window.used < limit;
    if (allowed) window.used += 1;
    return { allowed, remaining: limit - window.used, resetAt: window.resetAt };
  }
}
