/** Time as the simulation sees it, in ms with fractions. */
export interface Clock {
  /** Monotonic; its origin means nothing. */
  now(): number;
  /** Since the Unix epoch, steady (follows {@link now}, not corrections of the system's clock). */
  wall(): number;
  /** Calls `work` at an instant of {@link now}, at once (not within this call) when it has passed. Returns the way to cancel. */
  at(instantMs: number, work: () => void): () => void;
  /** Calls `work` once after so many ms. Returns the way to cancel. */
  after(ms: number, work: () => void): () => void;
}

export const realClock: Clock = {
  now: () => performance.now(),
  wall: () => performance.timeOrigin + performance.now(),
  at(instantMs, work) {
    const timer = setTimeout(work, Math.max(0, Math.ceil(instantMs - performance.now())));
    return () => clearTimeout(timer);
  },
  after(ms, work) {
    const timer = setTimeout(work, Math.ceil(ms));
    return () => clearTimeout(timer);
  },
};
