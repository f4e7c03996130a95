import type { CommitWelcome } from '../mls/commit.ts';
import type { Proposal } from '../mls/proposal.ts';

/** Proposals that are out (op 27) and wait for a commit. In a first group each of the two sees another list. */
export class Round {
  readonly epoch: bigint;
  readonly #lists: ReadonlyMap<string, Proposal[]>;
  readonly #timer: NodeJS.Timeout;

  constructor(epoch: bigint, lists: ReadonlyMap<string, Proposal[]>, timeoutMs: number, onTimeout: () => void) {
    this.epoch = epoch;
    this.#lists = lists;
    this.#timer = setTimeout(onTimeout, timeoutMs).unref();
  }

  /** Who may commit. */
  get memberIds(): string[] {
    return [...this.#lists.keys()];
  }

  /** What a user was sent, if this commit names each of those proposals exactly once, and nothing else. */
  proposalsCovered(userId: string, commit: CommitWelcome): Proposal[] | undefined {
    const proposals = this.#lists.get(userId);
    if (!proposals || commit.epoch !== this.epoch) return undefined;
    const outstanding = new Set(proposals.map((proposal) => proposal.ref));
    const exact = commit.proposalRefs.every((ref) => outstanding.delete(ref)) && outstanding.size === 0;
    return exact ? proposals : undefined;
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
