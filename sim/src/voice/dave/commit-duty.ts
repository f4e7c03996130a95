/** Somebody who could commit the proposals of a round. */
export interface Committing {
  /** Makes and sends the commit. */
  commit(): void;
}

interface Round {
  key: unknown;
  /** Undefined between the withdrawal of one and the next. */
  holder: Committing | undefined;
  standbys: Committing[];
}

/**
 * Who of the members in this process answers a round of proposals: all could, one commit is enough. Rounds are told
 * apart by a key that is the same for all who have the same proposals on the table.
 */
export class CommitDuty {
  readonly #rounds = new Map<unknown, Round>();
  readonly #roundOf = new Map<Committing, Round>();

  /** Takes part in a round: the first one commits, and again whenever they ask again; the others stand by. */
  enter(member: Committing, key: unknown): void {
    const current = this.#roundOf.get(member);
    if (current && current.key !== key) this.settle(member);
    const round = this.#rounds.get(key) ?? { key, holder: member, standbys: [] };
    this.#rounds.set(key, round);
    this.#roundOf.set(member, round);
    round.holder ??= member;
    if (round.holder === member) member.commit();
    else if (!round.standbys.includes(member)) round.standbys.push(member);
  }

  /** The member's round is over, as a commit was announced or other proposals are on the table. */
  settle(member: Committing): void {
    const round = this.#roundOf.get(member);
    if (!round) return;
    this.#rounds.delete(round.key);
    for (const [each, theirs] of this.#roundOf) if (theirs === round) this.#roundOf.delete(each);
  }

  /** The member cannot commit any more; somebody who stands by takes over, once everybody who leaves now has left. */
  withdraw(member: Committing): void {
    const round = this.#roundOf.get(member);
    if (!round) return;
    this.#roundOf.delete(member);
    round.standbys = round.standbys.filter((standby) => standby !== member);
    if (round.holder !== member) return;
    round.holder = undefined;
    queueMicrotask(() => this.#handOver(round));
  }

  #handOver(round: Round): void {
    if (round.holder || this.#rounds.get(round.key) !== round) return;
    round.holder = round.standbys.shift();
    if (round.holder) round.holder.commit();
    else this.#rounds.delete(round.key);
  }
}
