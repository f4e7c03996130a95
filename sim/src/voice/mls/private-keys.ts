import type { HpkeKeyPair } from './hpke.ts';

/**
 * Private keys of tree nodes, by public key: what all members in this process know together. Keyed like this they need
 * no copy per epoch, and a member that joins brings theirs without any state being changed.
 */
export class PrivateKeys {
  readonly #pairs = new Map<string, HpkeKeyPair>();

  get size(): number {
    return this.#pairs.size;
  }

  add(...pairs: HpkeKeyPair[]): void {
    for (const pair of pairs) this.#pairs.set(pair.publicKey.toString('latin1'), pair);
  }

  /** The key pair of a public key; undefined when nobody here knows it. */
  of(publicKey: Buffer): HpkeKeyPair | undefined {
    return this.#pairs.get(publicKey.toString('latin1'));
  }

  /** Forgets what no longer is of use. */
  keepOnly(isUseful: (publicKey: Buffer) => boolean): void {
    for (const [name, pair] of this.#pairs) if (!isUseful(pair.publicKey)) this.#pairs.delete(name);
  }
}
