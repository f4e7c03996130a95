/**
 * Many ask for the same at once, and each needs an answer that was made after it asked: those who come while a request is under
 * way share the next one.
 */
export class SharedRequest<T> {
  readonly #ask: () => Promise<T>;
  #running: Promise<T> | null = null;
  #next: Promise<T> | null = null;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  /** An answer that was asked for after this call. */
  get(): Promise<T> {
    if (!this.#running) return this.#start();
    this.#next ??= this.#running
      .catch(() => undefined) // whoever waited for that one has heard of it
      .then(() => {
        this.#next = null;
        return this.#start();
      });
    return this.#next;
  }

  #start(): Promise<T> {
    const request = this.#ask().finally(() => {
      if (this.#running === request) this.#running = null;
    });
    this.#running = request;
    return request;
  }
}
