/** The least value of the last so many milliseconds. A monotonic queue: constant work on average. */
export class SlidingMinimum {
  readonly #windowMs: number;
  #entries: { at: number; value: number }[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** The least value in the window of the last call to `add`; undefined before the first. */
  get least(): number | undefined {
    return this.#entries[0]?.value;
  }

  /** Adds a value. Call in order of time. */
  add(at: number, value: number): void {
    let last = this.#entries.at(-1);
    while (last && last.value >= value) {
      this.#entries.pop();
      last = this.#entries.at(-1);
    }
    this.#entries.push({ at, value });
    while ((this.#entries[0]?.at ?? at) < at - this.#windowMs) this.#entries.shift();
  }

  clear(): void {
    this.#entries = [];
  }
}
