import { now } from './clock.ts';

/** Time as the media rooms see it: real in the node, virtual in tests. */
export interface Scheduler {
  /** ms since the epoch on the monotonic clock, with fractions. */
  now(): number;
  /** Calls once, not before `delayMs` from now. Returns the function that cancels it. */
  after(delayMs: number, task: () => void): () => void;
}

/** The process's own clock and timers. */
export const realTime: Scheduler = {
  now,
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};
