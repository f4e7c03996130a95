/** Nonces that a receiver remembers as not yet seen, as libdave does. */
const maxMissing = 1000;

/** Which nonces of one sender in one epoch a receiver still takes: each one once. */
export class ReplayWindow {
  #newest: number | undefined;
  readonly #missing = new Set<number>();

  takes(nonce: number): boolean {
    return this.#newest === undefined || nonce > this.#newest || this.#missing.has(nonce);
  }

  /** A frame with this nonce was decrypted. */
  take(nonce: number): void {
    const newest = this.#newest;
    if (newest !== undefined && nonce <= newest) {
      this.#missing.delete(nonce);
      return;
    }
    if (newest !== undefined) {
      for (let skipped = Math.max(newest + 1, nonce - maxMissing); skipped < nonce; skipped++)
        this.#missing.add(skipped);
    }
    for (const oldest of this.#missing) {
      if (this.#missing.size <= maxMissing) break;
      this.#missing.delete(oldest);
    }
    this.#newest = nonce;
  }
}
