/** What people say, as understood so far: newest wins, no more often than anybody can read; what cannot be sent now is dropped. */
import type { EphemeralOf } from '@patchbay/shared/control-messages';
import type { Scheduler } from '../../ops/scheduler.ts';

type Partial = EphemeralOf<'caption.partial'>;

/** ms */
export const PARTIAL_MS = 200;

export class PartialLane {
  readonly #send: (partial: Partial) => unknown;
  readonly #scheduler: Scheduler;
  readonly #pending = new Map<string, Partial>();
  readonly #told = new Map<string, string>();
  #armed = false;

  constructor(send: (partial: Partial) => unknown, scheduler: Scheduler) {
    this.#send = send;
    this.#scheduler = scheduler;
  }

  tell(partial: Omit<Partial, 'v' | 'type' | 'event'>): void {
    const { captionId, text } = partial;
    if (this.#told.get(captionId) === text) return;
    this.#pending.set(captionId, { v: 1, type: 'ephemeral', event: 'caption.partial', ...partial });
    if (this.#armed) return;
    this.#armed = true;
    this.#scheduler.after(PARTIAL_MS, () => this.#flush());
  }

  /** The part is final: what was understood of it before is of no interest. */
  forget(captionId: string): void {
    this.#pending.delete(captionId);
    this.#told.delete(captionId);
  }

  #flush(): void {
    this.#armed = false;
    for (const [captionId, partial] of this.#pending) {
      this.#told.set(captionId, partial.text);
      this.#send(partial);
    }
    this.#pending.clear();
  }
}
