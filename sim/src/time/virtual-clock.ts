import type { Clock } from './clock.ts';

interface Entry {
  instantMs: number;
  /** Entries of one instant run in the order in which they were made. */
  order: number;
  work: (() => void) | undefined;
}

const before = (a: Entry, b: Entry) => a.instantMs < b.instantMs || (a.instantMs === b.instantMs && a.order < b.order);

/**
 * A clock that jumps from one event to the next: hours of packets in seconds, wherever no socket is involved. Nothing runs
 * but within {@link runUntil} and {@link step}.
 *
 * @example
 * const clock = new VirtualClock();
 * clock.at(3_600_000, () => console.log('an hour later'));
 * clock.runUntil(3_600_000);
 */
export class VirtualClock implements Clock {
  readonly #startsAt: number;
  /** A binary heap, earliest first. */
  readonly #heap: Entry[] = [];
  #now = 0;
  #order = 0;

  /** `startsAt`: what {@link wall} says at instant 0, ms since the Unix epoch. */
  constructor(startsAt = Date.UTC(2026, 0, 1)) {
    this.#startsAt = startsAt;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#startsAt + this.#now;
  }

  at(instantMs: number, work: () => void): () => void {
    this.#order += 1;
    const entry: Entry = { instantMs: Math.max(instantMs, this.#now), order: this.#order, work };
    this.#push(entry);
    return () => {
      entry.work = undefined;
    };
  }

  after(ms: number, work: () => void): () => void {
    return this.at(this.#now + ms, work);
  }

  /** Runs the next event; false when there is none, or none up to `limitMs`. */
  step(limitMs = Number.POSITIVE_INFINITY): boolean {
    const next = this.#heap[0];
    if (!next || next.instantMs > limitMs) return false;
    this.#pop();
    this.#now = next.instantMs;
    next.work?.();
    return true;
  }

  /** Runs every event up to and including `instantMs`, and stands there. */
  runUntil(instantMs: number): void {
    while (this.step(instantMs));
    this.#now = Math.max(this.#now, instantMs);
  }

  /** Lets time pass: {@link runUntil} so many ms from now. */
  advance(ms: number): void {
    this.runUntil(this.#now + ms);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (!above || !before(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child];
      const right = heap[child + 1];
      if (!left) break;
      let smallest = left;
      if (right && before(right, left)) {
        smallest = right;
        child += 1;
      }
      if (!before(smallest, last)) break;
      heap[index] = smallest;
      index = child;
    }
    heap[index] = last;
  }
}
