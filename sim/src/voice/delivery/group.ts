/** Bookkeeping of who sits on which leaf of a room's MLS tree. Pure: nothing is sent from here. */
import type { Proposal } from '../mls/proposal.ts';

type Change = Proposal['change'];

export class Group {
  epoch: bigint;
  /** User by leaf; undefined is a blank. */
  readonly #leaves: (string | undefined)[];
  /** Leaves whose users are gone and that wait for their removal. */
  readonly #stale = new Set<number>();

  /** A group as its founder knows it: alone on leaf 0. */
  constructor(founderId: string, epoch: bigint) {
    this.#leaves = [founderId];
    this.epoch = epoch;
  }

  get memberIds(): string[] {
    return this.#leaves.filter((userId) => userId !== undefined);
  }

  get stale(): number[] {
    return [...this.#stale];
  }

  /** Marks a leaf for removal. */
  abandon(leaf: number): void {
    this.#stale.add(leaf);
  }

  /** Carries out the removals of a commit. */
  remove(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind !== 'remove') continue;
      this.#leaves[change.leaf] = undefined;
      this.#stale.delete(change.leaf);
    }
  }

  /** Seats a newcomer on the leftmost blank leaf (RFC 9420 §7.7), and says which. */
  add(userId: string): number {
    const blank = this.#leaves.indexOf(undefined);
    const leaf = blank === -1 ? this.#leaves.length : blank;
    this.#leaves[leaf] = userId;
    return leaf;
  }
}
