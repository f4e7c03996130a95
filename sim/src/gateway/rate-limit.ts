/** 120 payloads in 60 s per connection; the one after them closes it with 4008. */
export class SendLimit {
  readonly #limit: number;
  readonly #windowMs: number;
  #windowStart = 0;
  #count = 0;

  constructor(limit = 120, windowMs = 60_000) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Counts one payload at the instant `now` (ms, any monotonic clock); false when it is one too many. */
  take(now: number): boolean {
    if (this.#count === 0 || now - this.#windowStart >= this.#windowMs) {
      this.#windowStart = now;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count <= this.#limit;
  }
}
