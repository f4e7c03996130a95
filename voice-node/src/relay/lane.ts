/** What is done in one channel, in order; so much may wait and no more. */
import { PatchbayError } from '@patchbay/shared/errors';

/** Waiting at a channel that Discord slows down; more would only come too late. */
const WAITING = 20;

export class Lane {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /**
   * Does it after what was added before, whatever became of that. `'always'`: even where too much waits.
   *
   * @throws {PatchbayError} `relay_jammed`
   */
  add(work: () => Promise<void>, when: 'room' | 'always' = 'room'): Promise<void> {
    if (when === 'room' && this.#waiting >= WAITING) {
      const message = 'Too many messages wait for this channel: Discord is slow to take them. Wait a moment.';
      return Promise.reject(new PatchbayError('relay_jammed', message));
    }
    this.#waiting += 1;
    const done = this.#tail.then(work).finally(() => {
      this.#waiting -= 1;
    });
    this.#tail = done.catch(() => undefined);
    return done;
  }
}
