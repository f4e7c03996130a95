import type { Scheduler } from './scheduler.ts';

/** A clock that moves only when told: long scenarios run in no time and always alike. */
export class VirtualTime implements Scheduler {
  #now: number;
  #tasks: { at: number; order: number; task: () => void }[] = [];
  #order = 0;

  constructor(startAt = 1_000_000) {
    this.#now = startAt;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, task: () => void): () => void {
    const entry = { at: this.#now + Math.max(0, delayMs), order: this.#order, task };
    this.#order += 1;
    this.#tasks.push(entry);
    this.#tasks.sort((left, right) => left.at - right.at || left.order - right.order);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry);
    };
  }

  afterInput(task: () => void): () => void {
    return this.after(0, task);
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#tasks.length;
  }

  /** Moves to an instant, running every timer that falls due on the way, in order. */
  runUntil(at: number): void {
    for (let next = this.#tasks[0]; next && next.at <= at; next = this.#tasks[0]) {
      this.#tasks.shift();
      this.#now = Math.max(this.#now, next.at);
      next.task();
    }
    this.#now = Math.max(this.#now, at);
  }

  /** Jumps without running what falls due: a stalled event loop. The timers run late, at the next `runUntil`. */
  stall(durationMs: number): void {
    this.#now += durationMs;
  }
}
