/** Passes things on in their order, each a while after it came. Without delay it passes them on at once. */
export class DelayLine<Item> {
  readonly #pass: (item: Item) => void;
  readonly #waiting: { item: Item; due: number }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(pass: (item: Item) => void) {
    this.#pass = pass;
  }

  /** `delayMs` may change from item to item; nothing overtakes what came before it. */
  push(item: Item, delayMs: number): void {
    if (delayMs === 0 && this.#waiting.length === 0) {
      this.#pass(item);
      return;
    }
    this.#waiting.push({ item, due: performance.now() + delayMs });
    this.#timer ??= setTimeout(() => this.#pump(), delayMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #pump(): void {
    this.#timer = undefined;
    for (;;) {
      const [next] = this.#waiting;
      if (!next) return;
      const rest = next.due - performance.now();
      if (rest > 0) {
        this.#timer = setTimeout(() => this.#pump(), rest);
        return;
      }
      this.#waiting.shift();
      this.#pass(next.item);
    }
  }
}
