/** Nonces that a receiver remembers as not yet seen, as libdave does. */
const maxMissing = 1000;

/** Which nonces of one sender in one epoch a receiver still takes: each one once. */
export class ReplayWindow {
  #newest: number | undefined;
  readonly #missing = new Set<number>();

  /** Takes the nonce of a decrypted frame; false when it was here before, or is too old to tell. */
  take(nonce: number): boolean {
    const newest = this.#newest;
    if (newest !== undefined && nonce <= newest) return this.#missing.delete(nonce);
    if (newest !== undefined) {
      for (let skipped = Math.max(newest + 1, nonce - maxMissing); skipped < nonce; skipped++)
        this.#missing.add(skipped);
    }
    for (const oldest of this.#missing) {
      if (this.#missing.size <= maxMissing) break;
      this.#missing.delete(oldest);
    }
    this.#newest = nonce;
    return true;
  }
}
