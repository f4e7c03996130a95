/** The time limit of a session, and the warning before it. */
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { now } from '../ops/clock.ts';

/** setTimeout takes 31 bits; what is later is looked at again then. ms */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface TimeLimitEvents {
  /** `secondsLeft` until the end. */
  warn: (secondsLeft: number) => void;
  end: () => void;
}

export class TimeLimit {
  readonly #events: TimeLimitEvents;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #warnedFor: number | undefined;

  constructor(events: TimeLimitEvents) {
    this.#events = events;
  }

  /** Takes the limits of a spec; an earlier one is forgotten. One end is warned of once. */
  arm({ timeZero, limits }: Pick<SessionSpec, 'timeZero' | 'limits'>): void {
    this.clear();
    if (limits.seconds === 0) return;
    const endAt = timeZero + limits.seconds * 1_000;
    const warnAt = endAt - (limits.warnSeconds ?? 0) * 1_000;
    const warns = warnAt < endAt && warnAt > timeZero && this.#warnedFor !== endAt;
    this.#wait(warns ? warnAt : endAt, () => {
      if (!warns) {
        this.#events.end();
        return;
      }
      this.#warnedFor = endAt;
      this.#events.warn(Math.max(0, Math.round((endAt - now()) / 1_000)));
      this.arm({ timeZero, limits });
    });
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  #wait(until: number, done: () => void): void {
    const left = Math.max(0, until - now());
    const later = left > LONGEST_TIMER_MS;
    this.#timer = setTimeout(later ? () => this.#wait(until, done) : done, Math.min(left, LONGEST_TIMER_MS));
  }
}
