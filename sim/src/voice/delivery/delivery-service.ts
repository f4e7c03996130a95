import { type CommitWelcome, readCommitWelcome } from '../mls/commit.ts';
import { identityOf, type KeyPackage, readKeyPackage } from '../mls/key-package.ts';
import { appendPayload, type ExternalSender, type Proposal } from '../mls/proposal.ts';
import { Opcode } from '../opcodes.ts';
import type { DaveVersion } from '../participant.ts';
import { announceCommit } from './announcement.ts';
import { Group } from './group.ts';
import { type Member, Members } from './members.ts';
import { Round } from './round.ts';
import { Transitions } from './transition.ts';

/** What a delivery service is told, and whom it tells. */
export interface DeliveryServiceOptions {
  channelId: string;
  /** The highest version of DAVE in this room. */
  daveVersion: DaveVersion;
  sender: ExternalSender;
  firstTransitionId: 'zero' | 'counted';
  /** Without a valid commit for this long the group is built anew, in ms. */
  commitTimeoutMs: number;
  /** A new epoch is in force. */
  onEpoch(epoch: bigint, members: string[]): void;
  /** The room went over to another version of DAVE. */
  onVersion(version: DaveVersion): void;
  /** A group was given up because no valid commit came, and is being built anew. */
  onReset(): void;
}

/** Joins and leaves within this time share one commit, in ms. */
const batchMs = 10;

/**
 * The MLS delivery service and external sender of one room (DAVE whitepaper, "Group management"). One change at a time:
 * proposals (op 27), the first exact commit (op 28), its announcement (op 29, 30), confirmations (op 23), execution
 * (op 22), then the next. A first group is made of two members; everybody else comes in one batch after it. While somebody
 * without DAVE is in the room, the room is without (op 21), and takes it up again afterwards (op 24).
 */
export class DeliveryService {
  readonly #options: DeliveryServiceOptions;
  readonly #members: Members;
  readonly #transitions: Transitions;
  #version: DaveVersion;
  #group: Group | undefined;
  #round: Round | undefined;
  #batch: NodeJS.Timeout | undefined;
  #held = false;
  #commitsToDrop = 0;

  constructor(options: DeliveryServiceOptions) {
    this.#options = options;
    this.#version = options.daveVersion;
    this.#members = new Members(options.sender);
    this.#transitions = new Transitions(
      (id) => this.#members.executeTransition(id),
      () => this.#schedule(),
    );
  }

  get memberIds(): string[] {
    return this.#group?.memberIds ?? [];
  }

  /** The version in force. */
  get version(): DaveVersion {
    return this.#version;
  }

  /** A newcomer: gets the external sender (op 25) and is added once their key package is here. Op 11 must be out already. */
  join(participant: Member['participant']): void {
    this.leave(participant.userId);
    this.#members.add(participant);
    const member = this.#members.get(participant.userId);
    if (member && this.#version === 1 && participant.maxDaveVersion === 1) this.#members.sendExternalSender(member);
    this.#schedule();
  }

  leave(userId: string): void {
    const member = this.#members.get(userId);
    if (!member) return;
    this.#members.delete(userId);
    this.#forget(userId, member);
    // Whoever comes into an empty room finds it as new.
    if (this.#members.size === 0) this.#version = this.#options.daveVersion;
  }

  /** Op 26. @throws MlsError when the key package is not acceptable. */
  takeKeyPackage(userId: string, payload: Buffer): void {
    const member = this.#members.get(userId);
    if (!member) return;
    const keyPackage = readKeyPackage(payload, userId);
    // A new key package of an established member replaces their leaf.
    if (member.leaf !== undefined) this.#forget(userId, member);
    member.keyPackage = keyPackage;
    member.asked = false;
    this.#schedule();
  }

  /**
   * Op 28. The first commit of exactly the proposals that are out wins; later ones are dropped in silence, as every
   * member commits. Answers whether it won.
   * @throws MlsError when the bytes are no commit.
   */
  takeCommit(userId: string, payload: Buffer): boolean {
    const commit = readCommitWelcome(payload);
    const member = this.#members.get(userId);
    const proposals = this.#round?.proposalsCovered(userId, commit);
    if (!this.#round || !proposals || !member) return false;
    if (!commit.groupId.equals(identityOf(this.#options.channelId))) return false;
    if (commit.senderLeaf !== (this.#group ? member.leaf : 0)) return false;
    if (this.#commitsToDrop > 0) {
      this.#commitsToDrop -= 1;
      return false;
    }
    const oldMembers = this.#round.memberIds;
    this.#endRound();
    this.#accept(member, commit, proposals, oldMembers);
    return true;
  }

  /** Op 23. */
  confirm(userId: string, transitionId: number): void {
    this.#transitions.confirm(userId, transitionId);
  }

  /** Op 31: the member could not follow; they are removed, and added again with the key package that they send next. */
  invalidate(userId: string): void {
    const member = this.#members.get(userId);
    if (member) this.#forget(userId, member);
  }

  /** Leaves joins and leaves waiting until `release`, which goes on at once: a slow delivery service, for tests of clients. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#step();
  }

  /** The next valid commits get lost, for tests of clients. */
  dropCommits(count: number): void {
    this.#commitsToDrop = count;
  }

  close(): void {
    clearTimeout(this.#batch);
    this.#transitions.close();
    this.#endRound();
    this.#members.clear();
  }

  /** Takes a member out of what is under way; their leaf waits for its removal. */
  #forget(userId: string, member: Member): void {
    if (member.leaf !== undefined) this.#group?.abandon(member.leaf);
    member.leaf = undefined;
    member.keyPackage = undefined;
    const round = this.#round;
    if (round && !this.#group && round.memberIds.includes(userId)) {
      // The other one of a first pair still holds the Add of this one: start them afresh.
      this.#endRound();
      for (const id of round.memberIds) this.#reinitialise(id === userId ? undefined : this.#members.get(id));
    } else if (round && this.#group && !round.memberIds.some((id) => this.#members.get(id)?.leaf !== undefined)) {
      // Nobody of the old epoch is left to commit.
      this.#endRound();
    }
    this.#transitions.drop(userId);
    this.#schedule();
  }

  #schedule(): void {
    this.#batch ??= setTimeout(() => {
      this.#batch = undefined;
      this.#step();
    }, batchMs);
  }

  #step() {
    if (this.#held || this.#round || this.#transitions.pending || this.#members.size === 0) return;
    const members = this.#members.all();
    const established = members.filter((member) => member.leaf !== undefined);
    if (this.#group && established.length === 0) this.#group = undefined;
    const target = this.#members.commonVersion(this.#options.daveVersion);
    if (target < this.#version) return this.#downgrade(established);
    if (target > this.#version) this.#upgrade(members);
    if (target === 0) return;
    const waiting = members.filter((member) => member.keyPackage && member.leaf === undefined);
    if (!this.#group) {
      const [first, second] = waiting;
      if (first?.keyPackage && second?.keyPackage) this.#proposeFirst(first.keyPackage, second.keyPackage);
      return;
    }
    const { epoch, stale } = this.#group;
    if (stale.length === 0 && waiting.length === 0) return;
    if (members.length === 1) {
      // A sole member left: back to the state before the first group.
      this.#group = undefined;
      return this.#reinitialise(members[0]);
    }
    const changes: Proposal['change'][] = stale.map((leaf) => ({ kind: 'remove', leaf }));
    for (const { keyPackage } of waiting) if (keyPackage) changes.push({ kind: 'add', keyPackage });
    const proposals = changes.map((change) => this.#options.sender.propose(this.#options.channelId, epoch, change));
    this.#openRound(epoch, new Map(established.map((member) => [member.participant.userId, proposals])));
  }

  /** Somebody without DAVE came: frames go in clear once everybody is ready for that. */
  #downgrade(established: readonly Member[]): void {
    const id = established.length > 0 ? this.#transitions.nextId() : 0;
    const told = new Set<Member>();
    const tell = (transitionId: number) => {
      for (const member of this.#members.all()) {
        if (member.participant.maxDaveVersion === 0 || told.has(member)) continue;
        told.add(member);
        this.#members.prepareDowngrade(member, transitionId);
      }
    };
    tell(id);
    this.#transitions.begin({
      id,
      waiting: new Set(established.map(({ participant }) => participant.userId)),
      execute: () => {
        tell(0); // who came meanwhile
        this.#group = undefined;
        for (const member of this.#members.all()) Object.assign(member, { leaf: undefined, keyPackage: undefined });
        this.#setVersion(0);
      },
    });
  }

  /** The last one without DAVE has left: everybody is asked for a key package, and a first group is made of them. */
  #upgrade(members: readonly Member[]) {
    if (members.length === 1) {
      this.#reinitialise(members[0]);
      return this.#setVersion(1);
    }
    for (const member of members) if (!member.keyPackage && !member.asked) this.#members.prepareEpoch(member);
  }

  #setVersion(version: DaveVersion): void {
    this.#version = version;
    this.#options.onVersion(version);
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

  #openRound(epoch: bigint, lists: ReadonlyMap<string, Proposal[]>): void {
    this.#round = new Round(epoch, lists, this.#options.commitTimeoutMs, () => this.#rebuild());
    for (const [userId, proposals] of lists) {
      this.#members.get(userId)?.participant.sendBinary(Opcode.DaveMlsProposals, appendPayload(proposals));
    }
  }

  #endRound(): void {
    this.#round?.end();
    this.#round = undefined;
  }

  #accept(committer: Member, commit: CommitWelcome, proposals: Proposal[], oldMembers: string[]): void {
    const first = this.#group === undefined;
    const { userId: committerId } = committer.participant;
    if (first) Object.assign(committer, { leaf: 0, keyPackage: undefined });
    const group = this.#group ?? new Group(committerId, commit.epoch);
    this.#group = group;
    const byRef = new Map(proposals.map((proposal) => [proposal.ref, proposal.change]));
    const changes = commit.proposalRefs.map((ref) => byRef.get(ref)).filter((change) => change !== undefined);
    group.epoch = commit.epoch + 1n;
    group.remove(changes);
    const atOnce = first && this.#version === 1 && this.#options.firstTransitionId === 'zero';
    const id = atOnce ? 0 : this.#transitions.nextId();
    const told = first ? [committerId] : oldMembers;
    const waiting = announceCommit(commit, id, { members: this.#members, group, told, changes });
    this.#transitions.begin({
      id,
      waiting,
      execute: () => {
        if (this.#version === 0) this.#setVersion(1);
        this.#options.onEpoch(group.epoch, group.memberIds);
      },
    });
  }

  #reinitialise(member: Member | undefined): void {
    if (member) this.#members.reinitialise(member);
  }

  #rebuild(): void {
    this.#endRound();
    this.#group = undefined;
    this.#options.onReset();
    for (const member of this.#members.all()) this.#reinitialise(member);
  }
}
