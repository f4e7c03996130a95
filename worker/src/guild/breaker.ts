/** A server whose calls fail to start again and again pauses for a growing time, so that it does not drag others along. Pure. */

export interface BreakerState {
  /** Instants of the failures that still count, in milliseconds. */
  failures: number[];
  /** Pauses since the last call that worked. */
  pauses: number;
  /** Paused until this instant; 0 = not paused. */
  until: number;
}

export interface BreakerRule {
  /** So many failures … */
  failures: number;
  /** … within so many milliseconds open it. */
  windowMs: number;
  /** The first pause in milliseconds; each further one is twice as long. */
  pauseMs: number;
}

/** No pause is longer. Milliseconds. */
export const LONGEST_PAUSE_MS = 3_600_000;
export const closed: BreakerState = { failures: [], pauses: 0, until: 0 };

/** The state after one more call that did not start. */
export function failed(state: BreakerState, now: number, rule: BreakerRule): BreakerState {
  const failures = [...state.failures.filter((at) => now - at < rule.windowMs), now];
  if (failures.length < rule.failures) return { ...state, failures };
  const pause = Math.min(LONGEST_PAUSE_MS, rule.pauseMs * 2 ** Math.min(state.pauses, 20));
  return { failures: [], pauses: state.pauses + 1, until: now + pause };
}

export function isPaused(state: BreakerState, now: number): boolean {
  return state.until > now;
}
