import type { Published } from './items.ts';

/** Events kept for clients that come back. In memory alone: after a sleep they get a fresh snapshot. */
export const RING_SIZE = 1_000;

/** The last durable events of one epoch. */
export class Ring {
  #epoch = '';
  #events: Published[] = [];

  /** Adds an event; a repeated one is refused (the guild's outbox may deliver twice). A new epoch or a gap starts afresh. */
  add(epoch: string, published: Published): boolean {
    const { event } = published;
    const last = this.#events.at(-1)?.event;
    if (epoch === this.#epoch && last && event.seq <= last.seq) return false;
    if (epoch !== this.#epoch || (last && event.seq !== last.seq + 1)) this.#events = [];
    this.#epoch = epoch;
    this.#events.push(published);
    if (this.#events.length > RING_SIZE) this.#events.shift();
    return true;
  }

  /**
   * What came after `seq`, as far as it is here; the guild may be ahead (`current`), and what is missing is published soon.
   * `null` when it cannot be told without a gap.
   */
  since(epoch: string, seq: number, current: { epoch: string; seq: number }): Published[] | null {
    if (epoch !== current.epoch || seq > current.seq) return null;
    if (seq === current.seq) return [];
    if (epoch !== this.#epoch) return null;
    const [first] = this.#events;
    if (!first || first.event.seq > seq + 1) return null;
    return this.#events.filter(({ event }) => event.seq > seq);
  }
}
