/**
 * Who of a session may be stored and transcribed: asked once, at the leg, before any listener that does either. Pure.
 */
import type { SessionSpec } from '@patchbay/shared/session-spec';

/** Somebody opted out, or in again. `at`: from this instant on, ms since the epoch on the node's clock. */
export interface ConsentChange {
  userId: string;
  out: boolean;
  at: number;
}

export class Consent {
  /** Who opted out, and when where that is known; undefined: there is no list, and nobody is stored. */
  #out: ReadonlyMap<string, number | undefined> | undefined;

  /** A session without a list stores nobody. */
  allows(userId: string): boolean {
    return this.#out !== undefined && !this.#out.has(userId);
  }

  /** Who opted out so far, and when where that is known. ms since the epoch */
  get optedOut(): ReadonlyMap<string, number | undefined> {
    return this.#out ?? new Map();
  }

  /** Takes the list of a spec, and answers what is different now. */
  update({ optedOut, optedOutAt }: Pick<SessionSpec, 'optedOut' | 'optedOutAt'>, now: number): ConsentChange[] {
    const before = this.#out;
    // The Worker's clock may be ahead: nobody opts out in the future.
    const instants = optedOut?.map((userId): [string, number | undefined] => {
      const at = optedOutAt?.[userId];
      return [userId, at === undefined ? undefined : Math.min(at, now)];
    });
    this.#out = instants && new Map(instants);
    if (!before || !this.#out) return [];
    const changes: ConsentChange[] = [];
    for (const [userId, at] of this.#out) if (!before.has(userId)) changes.push({ userId, out: true, at: at ?? now });
    for (const userId of before.keys()) if (!this.#out.has(userId)) changes.push({ userId, out: false, at: now });
    return changes;
  }
}
