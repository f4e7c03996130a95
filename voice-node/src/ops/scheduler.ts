import { now } from './clock.ts';

/** Time as the media rooms see it: real in the node, virtual in tests. */
export interface Scheduler {
  /** ms since the epoch on the monotonic clock, with fractions. */
  now(): number;
  /** Calls once, not before `delayMs` from now. Returns the function that cancels it. */
  after(delayMs: number, task: () => void): () => void;
  /**
   * Calls once, as soon as what waits in the sockets has been handed on. After the event loop was held up timers run before that,
   * however short it was. Returns the function that cancels it.
   */
  afterInput(task: () => void): () => void;
}

/** The process's own clock and timers. */
export const realTime: Scheduler = {
  now,
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  afterInput(task) {
    // Timers, sockets, immediates: the order of libuv's loop.
    const immediate = setImmediate(task);
    return () => clearImmediate(immediate);
  },
};
