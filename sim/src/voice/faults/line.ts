import type { Clock } from '../../time/clock.ts';
import { OrderedDelay } from './ordered-delay.ts';
import type { PacketFate } from './packet-faults.ts';

/** One direction of a leg under packet faults: sends what is to be sent when it is due. */
export class FaultyLine {
  readonly #clock: Clock;
  readonly #fate: PacketFate;
  readonly #ordered: OrderedDelay;
  #closed = false;

  constructor(clock: Clock, fate: PacketFate) {
    this.#clock = clock;
    this.#fate = fate;
    this.#ordered = new OrderedDelay(clock, () => 0);
  }

  /** Passes one packet on: never, once or twice, now or later. */
  pass(send: () => void): void {
    for (const { delayMs, ordered } of this.#fate.next()) {
      if (ordered) this.#ordered.push(send, delayMs);
      else
        this.#clock.at(this.#clock.now() + delayMs, () => {
          if (!this.#closed) send();
        });
    }
  }

  /** What is still on its way is lost. */
  close(): void {
    this.#closed = true;
    this.#ordered.clear();
  }
}
