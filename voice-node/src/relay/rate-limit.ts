/** How much goes over from one side: {@link MESSAGES} within {@link WINDOW_MS}. Pure. */
export const MESSAGES = 4;
export const WINDOW_MS = 5_000;

export class RateLimit {
  #taken: number[] = [];

  /** Whether one more may go over at this instant, in ms; counts it if so. */
  take(at: number): boolean {
    this.#taken = this.#taken.filter((earlier) => earlier > at - WINDOW_MS);
    if (this.#taken.length >= MESSAGES) return false;
    this.#taken.push(at);
    return true;
  }
}
