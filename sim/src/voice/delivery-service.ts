import { u16 } from './mls/codec.ts';
import { type CommitWelcome, readCommitWelcome, welcomeFor } from './mls/commit.ts';
import { identityOf, type KeyPackage, readKeyPackage } from './mls/key-package.ts';
import { appendPayload, type ExternalSender, type Proposal } from './mls/proposal.ts';
import { Opcode } from './opcodes.ts';
import type { Participant } from './participant.ts';

/** What a delivery service is told, and whom it tells. */
export interface DeliveryServiceOptions {
  channelId: string;
  sender: ExternalSender;
  firstTransitionId: 'zero' | 'counted';
  /** A new epoch is in force. */
  onEpoch(epoch: bigint, members: string[]): void;
  /** A group was given up because no valid commit came, and is being built anew. */
  onReset(): void;
}

interface Member {
  participant: Pick<Participant, 'userId' | 'sendJson' | 'sendBinary'>;
  /** A key package that waits to be added. */
  keyPackage: KeyPackage | undefined;
  /** Leaf in the current group. */
  leaf: number | undefined;
}

/** Proposals that wait for a commit. In a first group each of the two sees another list. */
interface Round {
  epoch: bigint;
  lists: Map<string, Proposal[]>;
  timer: NodeJS.Timeout;
}

interface Transition {
  id: number;
  waiting: Set<string>;
  timer: NodeJS.Timeout;
}

/** Joins and leaves within this time share one commit, in ms. */
const batchMs = 10;
/** Without a valid commit for this long the group is built anew, in ms. */
const commitTimeoutMs = 5_000;
/** Clients that do not confirm (op 23) are not waited for any longer than this, in ms. */
const transitionTimeoutMs = 1_000;

/**
 * The MLS delivery service and external sender of one room (DAVE whitepaper, "Group management"). One change at a time:
 * proposals (op 27), the first exact commit (op 28), its announcement (op 29, 30), confirmations (op 23), execution
 * (op 22), then the next. A first group is made of two members; everybody else comes in one batch after it.
 */
export class DeliveryService {
  readonly #options: DeliveryServiceOptions;
  readonly #members = new Map<string, Member>();
  #group: { epoch: bigint; leaves: (string | undefined)[]; stale: Set<number> } | undefined;
  #round: Round | undefined;
  #transition: Transition | undefined;
  #batch: NodeJS.Timeout | undefined;
  #lastTransitionId = 0;
  #held = false;

  constructor(options: DeliveryServiceOptions) {
    this.#options = options;
  }

  get memberIds(): string[] {
    return (this.#group?.leaves ?? []).filter((userId) => userId !== undefined);
  }

  /** A newcomer: gets the external sender (op 25) and is added once their key package is here. Op 11 must be out already. */
  join(participant: Member['participant']): void {
    this.leave(participant.userId);
    this.#members.set(participant.userId, { participant, keyPackage: undefined, leaf: undefined });
    participant.sendBinary(Opcode.DaveMlsExternalSender, this.#options.sender.packageBytes);
  }

  leave(userId: string): void {
    const member = this.#members.get(userId);
    if (!member) return;
    this.#members.delete(userId);
    this.#forget(userId, member);
  }

  /** Op 26. @throws MlsError when the key package is not acceptable. */
  takeKeyPackage(userId: string, payload: Buffer): void {
    const member = this.#members.get(userId);
    if (!member) return;
    const keyPackage = readKeyPackage(payload, userId);
    // A new key package of an established member replaces their leaf.
    if (member.leaf !== undefined) this.#forget(userId, member);
    member.keyPackage = keyPackage;
    this.#schedule();
  }

  /**
   * Op 28. The first commit of exactly the proposals that are out wins; later ones are dropped in silence, as every
   * member commits. Answers whether it won.
   * @throws MlsError when the bytes are no commit.
   */
  takeCommit(userId: string, payload: Buffer): boolean {
    const round = this.#round;
    const commit = readCommitWelcome(payload);
    const proposals = round?.lists.get(userId);
    const member = this.#members.get(userId);
    if (!round || !proposals || !member) return false;
    if (commit.epoch !== round.epoch || !commit.groupId.equals(identityOf(this.#options.channelId))) return false;
    if (commit.senderLeaf !== (this.#group ? member.leaf : 0)) return false;
    const outstanding = new Set(proposals.map((proposal) => proposal.ref));
    // Each reference crosses one outstanding proposal off; exact means that nothing is unknown, doubled or left.
    if (!commit.proposalRefs.every((ref) => outstanding.delete(ref)) || outstanding.size > 0) return false;
    this.#endRound();
    this.#accept(userId, commit, proposals, [...round.lists.keys()]);
    return true;
  }

  /** Op 23. */
  confirm(userId: string, transitionId: number): void {
    if (this.#transition?.id !== transitionId) return;
    this.#transition.waiting.delete(userId);
    if (this.#transition.waiting.size === 0) this.#execute();
  }

  /** Op 31: the member could not follow; they are removed, and added again with the key package that they send next. */
  invalidate(userId: string): void {
    const member = this.#members.get(userId);
    if (member) this.#forget(userId, member);
  }

  /** Leaves joins and leaves waiting until `release`: a slow delivery service, for tests of clients. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#schedule();
  }

  close(): void {
    clearTimeout(this.#batch);
    clearTimeout(this.#transition?.timer);
    this.#endRound();
    this.#members.clear();
  }

  /** Takes a member out of what is under way; their leaf waits for its removal. */
  #forget(userId: string, member: Member): void {
    if (member.leaf !== undefined) this.#group?.stale.add(member.leaf);
    member.leaf = undefined;
    member.keyPackage = undefined;
    if (!this.#group && this.#round?.lists.has(userId)) {
      // The other one of a first pair still holds the Add of this one: start them afresh.
      const others = [...this.#round.lists.keys()].filter((other) => other !== userId);
      this.#endRound();
      for (const other of others) this.#reinitialise(other);
    }
    if (this.#round && this.#group) {
      // Nobody of the old epoch is left to commit.
      const canCommit = [...this.#round.lists.keys()].some((id) => this.#members.get(id)?.leaf !== undefined);
      if (!canCommit) this.#endRound();
    }
    if (this.#transition?.waiting.delete(userId) && this.#transition.waiting.size === 0) this.#execute();
    this.#schedule();
  }

  #schedule(): void {
    this.#batch ??= setTimeout(() => {
      this.#batch = undefined;
      this.#step();
    }, batchMs);
  }

  #step(): void {
    if (this.#held || this.#round || this.#transition) return;
    const members = [...this.#members.values()];
    const waiting = members.filter((member) => member.keyPackage && member.leaf === undefined);
    const established = members.filter((member) => member.leaf !== undefined);
    if (this.#group && established.length === 0) this.#group = undefined;
    if (!this.#group) {
      const [first, second] = waiting;
      if (first?.keyPackage && second?.keyPackage) this.#proposeFirst(first.keyPackage, second.keyPackage);
      return;
    }
    const { epoch, stale } = this.#group;
    if (stale.size === 0 && waiting.length === 0) return;
    if (members.length === 1) {
      // A sole member left: back to the state before the first group.
      this.#group = undefined;
      for (const member of members) this.#reinitialise(member.participant.userId);
      return;
    }
    const changes: Proposal['change'][] = [...stale].map((leaf) => ({ kind: 'remove', leaf }));
    for (const { keyPackage } of waiting) if (keyPackage) changes.push({ kind: 'add', keyPackage });
    const proposals = changes.map((change) => this.#options.sender.propose(this.#options.channelId, epoch, change));
    this.#openRound(epoch, new Map(established.map((member) => [member.participant.userId, proposals])));
  }

  #proposeFirst(first: KeyPackage, second: KeyPackage): void {
    const add = (keyPackage: KeyPackage) => [
      this.#options.sender.propose(this.#options.channelId, 0n, { kind: 'add', keyPackage }),
    ];
    this.#openRound(
      0n,
      new Map([
        [first.userId, add(second)],
        [second.userId, add(first)],
      ]),
    );
  }

  #openRound(epoch: bigint, lists: Map<string, Proposal[]>): void {
    this.#round = { epoch, lists, timer: setTimeout(() => this.#rebuild(), commitTimeoutMs).unref() };
    for (const [userId, proposals] of lists) {
      this.#members.get(userId)?.participant.sendBinary(Opcode.DaveMlsProposals, appendPayload(proposals));
    }
  }

  #endRound(): void {
    clearTimeout(this.#round?.timer);
    this.#round = undefined;
  }

  #accept(committerId: string, commit: CommitWelcome, proposals: Proposal[], oldMembers: string[]): void {
    const first = this.#group === undefined;
    const committer = this.#members.get(committerId);
    if (first && committer) Object.assign(committer, { leaf: 0, keyPackage: undefined });
    const { leaves, stale } = this.#group ?? { leaves: [committerId], stale: new Set<number>() };
    const byRef = new Map(proposals.map((proposal) => [proposal.ref, proposal.change]));
    const changes = commit.proposalRefs.map((ref) => byRef.get(ref)).filter((change) => change !== undefined);
    for (const change of changes) {
      if (change.kind !== 'remove') continue;
      leaves[change.leaf] = undefined;
      stale.delete(change.leaf);
    }
    this.#group = { epoch: commit.epoch + 1n, leaves, stale };
    const id = first && this.#options.firstTransitionId === 'zero' ? 0 : this.#nextTransitionId();
    const waiting = new Set<string>();
    for (const userId of first ? [committerId] : oldMembers) {
      const member = this.#members.get(userId);
      if (member?.leaf === undefined) continue;
      waiting.add(userId);
      member.participant.sendBinary(Opcode.DaveMlsAnnounceCommitTransition, Buffer.concat([u16(id), commit.commit]));
    }
    for (const change of changes) {
      if (change.kind === 'add' && this.#welcome(change.keyPackage, commit, id)) waiting.add(change.keyPackage.userId);
    }
    this.#transition = { id, waiting, timer: setTimeout(() => this.#execute(), transitionTimeoutMs).unref() };
    if (id === 0 || waiting.size === 0) this.#execute();
  }

  /** Gives an added member the leftmost blank leaf (RFC 9420 §7.7) and their Welcome, if they are still the same. */
  #welcome(keyPackage: KeyPackage, commit: CommitWelcome, transitionId: number): boolean {
    const group = this.#group;
    if (!group) return false;
    const blank = group.leaves.indexOf(undefined);
    const leaf = blank === -1 ? group.leaves.length : blank;
    group.leaves[leaf] = keyPackage.userId;
    const member = this.#members.get(keyPackage.userId);
    const welcome = commit.welcome && welcomeFor(commit.welcome, keyPackage.ref);
    if (!welcome || member?.keyPackage?.ref.equals(keyPackage.ref) !== true) {
      group.stale.add(leaf);
      return false;
    }
    member.leaf = leaf;
    member.keyPackage = undefined;
    member.participant.sendBinary(Opcode.DaveMlsWelcome, Buffer.concat([u16(transitionId), welcome]));
    return true;
  }

  #nextTransitionId(): number {
    this.#lastTransitionId = (this.#lastTransitionId % 0xffff) + 1;
    return this.#lastTransitionId;
  }

  #execute(): void {
    const transition = this.#transition;
    if (!transition) return;
    clearTimeout(transition.timer);
    this.#transition = undefined;
    if (transition.id !== 0) {
      for (const member of this.#members.values()) {
        if (member.leaf === undefined) continue;
        member.participant.sendJson(Opcode.DaveExecuteTransition, { transition_id: transition.id });
      }
    }
    if (this.#group) this.#options.onEpoch(this.#group.epoch, this.memberIds);
    this.#schedule();
  }

  /** Sends a member back to the state before any group; they answer with a new key package. */
  #reinitialise(userId: string): void {
    const member = this.#members.get(userId);
    if (!member) return;
    member.leaf = undefined;
    member.keyPackage = undefined;
    const { participant } = member;
    participant.sendJson(Opcode.DavePrepareEpoch, { protocol_version: 1, epoch: 1 });
    participant.sendBinary(Opcode.DaveMlsExternalSender, this.#options.sender.packageBytes);
    participant.sendJson(Opcode.DavePrepareTransition, { protocol_version: 1, transition_id: 0 });
  }

  #rebuild(): void {
    this.#endRound();
    this.#group = undefined;
    this.#options.onReset();
    for (const userId of [...this.#members.keys()]) this.#reinitialise(userId);
  }
}
