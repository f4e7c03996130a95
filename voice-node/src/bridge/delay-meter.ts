/** How long voices are held up on their way to one leg: from a packet's arrival until it, or the frame made of it, is sent. Pure. */

/** What is older is forgotten. ms. */
const WINDOW_MS = 5_000;
/** The most packets that count: five seconds of one voice; with more voices, a shorter time. */
const MOST_SAMPLES = 256;

export class DelayMeter {
  readonly #delays = new Float64Array(MOST_SAMPLES);
  readonly #sentAt = new Float64Array(MOST_SAMPLES);
  #count = 0;

  /** Notes one packet. Two writes: this is on the way of every packet. */
  add(arrivedAt: number, sentAt: number): void {
    const index = this.#count % MOST_SAMPLES;
    this.#delays[index] = sentAt - arrivedAt;
    this.#sentAt[index] = sentAt;
    this.#count += 1;
  }

  /** Half of the last seconds' packets were held up for no longer. ms; undefined when there were none. */
  p50(now: number): number | undefined {
    const filled = Math.min(this.#count, MOST_SAMPLES);
    const recent: number[] = [];
    for (let index = 0; index < filled; index += 1) {
      if ((this.#sentAt[index] ?? 0) > now - WINDOW_MS) recent.push(this.#delays[index] ?? 0);
    }
    recent.sort((left, right) => left - right);
    return recent[Math.floor((recent.length - 1) / 2)];
  }
}
