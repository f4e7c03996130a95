import { DaveClient, type DaveReplies } from '../dave-client.ts';
import { u16 } from '../mls/codec.ts';
import { type CommitWelcome, readCommitWelcome, welcomeFor } from '../mls/commit.ts';
import { type KeyPackage, readKeyPackage } from '../mls/key-package.ts';
import { appendPayload, ExternalSender, type Proposal } from '../mls/proposal.ts';
import { Opcode } from '../opcodes.ts';
import type { DaveMember } from './dave-member.ts';
import { SharedDave } from './shared-dave.ts';

/** Somebody in a {@link TestRoom}. */
export interface Person {
  userId: string;
  client: DaveClient | DaveMember;
  keyPackage: KeyPackage | undefined;
  leaf: number | undefined;
  /** Op 28s of the round that is under way. */
  commits: Buffer[];
  /** Transition ids of op 31. */
  invalid: number[];
}

/** For tests: a delivery service without sockets and clocks, whose every step the test decides. */
export class TestRoom {
  readonly channelId = '200000000000000001';
  readonly sender = new ExternalSender();
  readonly shared: SharedDave;
  readonly people = new Map<string, Person>();
  epoch = 0n;
  #leaves: (string | undefined)[] = [];

  constructor(now?: () => number) {
    this.shared = new SharedDave(this.channelId, now);
  }

  /** Lets somebody in: with a session of davey of their own, or on the shared state. */
  enter(userId: string, kind: 'davey' | 'shared'): Person {
    const replies: DaveReplies = {
      keyPackage: (payload) => {
        person.keyPackage = readKeyPackage(payload, userId);
      },
      commitWelcome: (payload) => person.commits.push(payload),
      transitionReady: () => undefined,
      invalid: (transitionId) => person.invalid.push(transitionId),
      changed: () => undefined,
    };
    const client =
      kind === 'shared' ? this.shared.client(userId, replies) : new DaveClient(userId, this.channelId, replies);
    const person: Person = { userId, client, keyPackage: undefined, leaf: undefined, commits: [], invalid: [] };
    this.people.set(userId, person);
    client.onBinary(Opcode.DaveMlsExternalSender, this.sender.packageBytes, []);
    client.sendKeyPackage();
    return person;
  }

  person(userId: string): Person {
    const person = this.people.get(userId);
    if (!person) throw new Error(`${userId} is not in the room`);
    return person;
  }

  get members(): Person[] {
    return [...this.people.values()].filter(({ leaf }) => leaf !== undefined);
  }

  add(userId: string): Proposal {
    const { keyPackage } = this.person(userId);
    if (!keyPackage) throw new Error(`${userId} has sent no key package`);
    return this.sender.propose(this.channelId, this.epoch, { kind: 'add', keyPackage });
  }

  remove(userId: string): Proposal {
    const leaf = this.person(userId).leaf ?? Number.NaN;
    return this.sender.propose(this.channelId, this.epoch, { kind: 'remove', leaf });
  }

  /** Op 27 to one person. */
  propose(person: Person, proposals: Proposal[]): void {
    person.client.onBinary(Opcode.DaveMlsProposals, appendPayload(proposals), [...this.people.keys()]);
  }

  /** Two people form the first group; the commit of the first one wins. */
  firstGroup(winner: string, other: string): void {
    const [committer, added] = [this.person(winner), this.person(other)];
    const proposals = [this.add(other)];
    this.propose(committer, proposals);
    this.propose(added, [this.add(winner)]);
    committer.leaf = 0;
    this.#leaves = [winner];
    this.announce(committer, proposals);
  }

  /** A round of joins and leaves in an established group; who commits is the test's choice among those who did. */
  change(joins: string[], leaves: string[], choose: (committers: Person[]) => Person | undefined = ([first]) => first) {
    const proposals = [...leaves.map((userId) => this.remove(userId)), ...joins.map((userId) => this.add(userId))];
    for (const userId of leaves) {
      const person = this.person(userId);
      this.people.delete(userId);
      if ('leave' in person.client) person.client.leave();
    }
    for (const member of this.members) this.propose(member, proposals);
    const committer = choose(this.members.filter(({ commits }) => commits.length > 0));
    if (!committer) throw new Error('nobody made a commit');
    this.announce(committer, proposals);
  }

  /** Op 29 and 30 for the last commit of somebody. */
  announce(committer: Person, proposals: Proposal[]): CommitWelcome {
    const op28 = committer.commits.at(-1);
    if (!op28) throw new Error(`${committer.userId} made no commit`);
    const commit = readCommitWelcome(op28);
    const established = this.epoch === 0n ? [committer] : this.members;
    for (const person of this.people.values()) person.commits = [];
    this.epoch = commit.epoch + 1n;
    const changes = commit.proposalRefs.map((ref) => proposals.find((proposal) => proposal.ref === ref)?.change);
    for (const change of changes) {
      if (change?.kind !== 'remove') continue;
      this.#leaves[change.leaf] = undefined;
      while (this.#leaves.length > 0 && this.#leaves.at(-1) === undefined) this.#leaves.pop();
    }
    for (const { client } of established) {
      client.onBinary(Opcode.DaveMlsAnnounceCommitTransition, Buffer.concat([u16(1), commit.commit]), []);
    }
    for (const change of changes) if (change?.kind === 'add') this.#welcome(change.keyPackage, commit);
    return commit;
  }

  #welcome({ userId, ref }: KeyPackage, { welcome }: CommitWelcome): void {
    const blank = this.#leaves.indexOf(undefined);
    const leaf = blank === -1 ? this.#leaves.length : blank;
    this.#leaves[leaf] = userId;
    const person = this.person(userId);
    const cut = welcome && welcomeFor(welcome, ref);
    if (!cut) throw new Error(`the Welcome does not invite ${userId}`);
    person.leaf = leaf;
    person.client.onBinary(Opcode.DaveMlsWelcome, Buffer.concat([u16(1), cut]), []);
  }
}
