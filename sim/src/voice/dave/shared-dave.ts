import type { DaveReplies } from '../dave-client.ts';
import { MlsError, Reader } from '../mls/codec.ts';
import { readWelcome } from '../mls/commit.ts';
import { type MadeCommit, makeCommit } from '../mls/commit-making.ts';
import { readCommitMessage } from '../mls/commit-message.ts';
import { processCommit } from '../mls/commit-processing.ts';
import type { GroupState } from '../mls/group-state.ts';
import type { HpkeContext } from '../mls/hpke.ts';
import { identityOf, type OwnKeyPackage } from '../mls/key-package.ts';
import type { SignatureKeys } from '../mls/leaf-node.ts';
import { PrivateKeys } from '../mls/private-keys.ts';
import { type ProposalsMessage, readProposals } from '../mls/proposal-reading.ts';
import {
  joinGroup,
  keysOfNewcomer,
  openGroupInfo,
  openGroupSecrets,
  verifyGroupInfo,
  welcomeContext,
} from '../mls/welcome.ts';
import { CommitDuty } from './commit-duty.ts';
import { DaveEpoch } from './dave-epoch.ts';
import { DaveMember } from './dave-member.ts';
import { type ProposalQueue, queueAfter } from './proposal-queue.ts';

/** A commit that leads from one epoch to another. */
interface Step {
  commit: Buffer;
  proposalRefs: string[];
  epoch: DaveEpoch;
}

/** A Welcome that somebody here made or has opened, by its GroupInfo. */
interface Invitation {
  encryptedGroupInfo: Buffer;
  context: HpkeContext;
  group: { joinerSecret: Buffer; signer: number; epoch: DaveEpoch } | undefined;
}

/** Results kept for those members who are not there yet; members are a few messages apart at most. */
const kept = 8;
/** Private keys are tidied when there are this many more than twice the nodes of the tree. */
const spareKeys = 1000;

/**
 * DAVE v1 for all simulated people of one room. Each follows its own messages in its own order, but what they lead to
 * is worked out once: members of a group all have the same state, and one process may as well keep it once.
 */
export class SharedDave {
  readonly groupId: Buffer;
  readonly duty = new CommitDuty();
  readonly privateKeys = new PrivateKeys();
  /** A monotonic clock, in ms. */
  readonly now: () => number;
  readonly #members = new Set<DaveMember>();
  readonly #steps = new WeakMap<GroupState, Step[]>();
  readonly #made = new WeakMap<GroupState, MadeCommit[]>();
  readonly #queues = new WeakMap<ProposalQueue, { payload: Buffer; state: GroupState; queue: ProposalQueue }[]>();
  #invitations: Invitation[] = [];
  #epochs: DaveEpoch[] = [];

  constructor(channelId: string, now: () => number = () => performance.now()) {
    this.groupId = identityOf(channelId);
    this.now = now;
  }

  /** Another person of the room. */
  client(userId: string, replies: DaveReplies): DaveMember {
    const member = new DaveMember(this, userId, replies);
    this.#members.add(member);
    return member;
  }

  /** A person who has left. */
  forget(member: DaveMember): void {
    this.#members.delete(member);
  }

  /** The proposals that wait after op 27. @throws MlsError when it cannot be followed. */
  queueAfter(before: ProposalQueue, payload: Buffer, state: GroupState): ProposalQueue {
    const known = listOf(this.#queues, before);
    const found = known.find((entry) => entry.state === state && entry.payload.equals(payload));
    if (found) return found.queue;
    const message: ProposalsMessage = readProposals(payload, state);
    const queue = queueAfter(before, message);
    keep(known, { payload, state, queue });
    return queue;
  }

  /** Commits proposals for a member. @throws MlsError when they contradict the group. */
  commit(state: GroupState, queue: ProposalQueue, leafIndex: number, signatureKeys: SignatureKeys): MadeCommit {
    const made = makeCommit(state, [...queue.values()], { leafIndex, signatureKeys });
    keep(listOf(this.#made, state), made);
    const epoch = this.#epochOf(made.state);
    keep(listOf(this.#steps, state), { commit: made.commit, proposalRefs: [...queue.keys()], epoch });
    const { encryptedGroupInfo, joinerSecret } = made;
    if (encryptedGroupInfo) {
      this.#invitation(encryptedGroupInfo).group = { joinerSecret, signer: leafIndex, epoch };
    }
    return made;
  }

  /** The epoch after a commit. @throws MlsError when it cannot be followed. */
  follow(state: GroupState, commit: Buffer, queue: ProposalQueue): DaveEpoch {
    const steps = listOf(this.#steps, state);
    let step = steps.find((known) => known.commit.equals(commit));
    if (!step) {
      const epoch = this.#epochOf(processCommit(state, commit, queue, this.privateKeys));
      step = { commit, proposalRefs: readCommitMessage(new Reader(commit)).proposalRefs, epoch };
      keep(steps, step);
    }
    const unknown = step.proposalRefs.find((ref) => !queue.has(ref));
    if (unknown) throw new MlsError(`commit names proposal ${unknown}, which this member was not told of`);
    const own = listOf(this.#made, state).find((made) => made.commit.equals(commit));
    if (own) this.privateKeys.add(...own.privateKeys);
    this.#tidy(step.epoch);
    return step.epoch;
  }

  /** The epoch that a Welcome invites to. @throws MlsError when it is not for this key package, or not right. */
  join(payload: Buffer, keyPackage: OwnKeyPackage, externalSender: Buffer): DaveEpoch {
    const reader = new Reader(payload);
    const welcome = readWelcome(reader);
    reader.end();
    const { encryptedGroupInfo } = welcome;
    const invitation = this.#invitation(encryptedGroupInfo);
    const { joinerSecret, pathSecret } = openGroupSecrets(welcome, keyPackage, invitation.context);
    invitation.group ??= this.#open(encryptedGroupInfo, joinerSecret, externalSender);
    const { epoch, signer } = invitation.group;
    if (!invitation.group.joinerSecret.equals(joinerSecret)) throw new MlsError('Welcome has another joiner secret');
    this.privateKeys.add(...keysOfNewcomer(epoch.state, signer, keyPackage, pathSecret));
    this.#tidy(epoch);
    return epoch;
  }

  #open(encryptedGroupInfo: Buffer, joinerSecret: Buffer, externalSender: Buffer) {
    const groupInfo = openGroupInfo(encryptedGroupInfo, joinerSecret);
    const { context, confirmationTag, signer } = groupInfo;
    if (!context.groupId.equals(this.groupId)) throw new MlsError('Welcome is for another channel');
    if (!context.extensions.includes(externalSender)) throw new MlsError('group has another external sender');
    const known = this.#epochs.find(({ state }) => state.confirmationTag.equals(confirmationTag));
    // Others here came by the commit: the tree is checked already.
    if (known) verifyGroupInfo(groupInfo, known.state);
    return { joinerSecret, signer, epoch: known ?? this.#epochOf(joinGroup(groupInfo)) };
  }

  #invitation(encryptedGroupInfo: Buffer): Invitation {
    const found = this.#invitations.find((known) => known.encryptedGroupInfo.equals(encryptedGroupInfo));
    if (found) return found;
    const invitation = { encryptedGroupInfo, context: welcomeContext(encryptedGroupInfo), group: undefined };
    keep(this.#invitations, invitation);
    return invitation;
  }

  #epochOf(state: GroupState): DaveEpoch {
    const found = this.#epochs.find((known) => known.state.confirmationTag.equals(state.confirmationTag));
    if (found) return found;
    const epoch = new DaveEpoch(state);
    keep(this.#epochs, epoch);
    return epoch;
  }

  /** Forgets private keys of trees that nobody here is in any more. */
  #tidy(epoch: DaveEpoch): void {
    if (this.privateKeys.size < 4 * epoch.state.tree.leafCapacity + spareKeys) return;
    const states = new Set([epoch.state]);
    for (const member of this.#members) if (member.state) states.add(member.state);
    const useful = new Set<string>();
    for (const { tree } of states) {
      for (let node = 0; node < 2 * tree.leafCapacity - 1; node++) {
        useful.add(tree.encryptionKey(node)?.toString('latin1') ?? '');
      }
    }
    this.privateKeys.keepOnly((publicKey) => useful.has(publicKey.toString('latin1')));
  }
}

function listOf<K extends object, T>(lists: WeakMap<K, T[]>, key: K): T[] {
  const found = lists.get(key) ?? [];
  lists.set(key, found);
  return found;
}

/** Adds to a list of the latest results. */
function keep<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > kept) list.shift();
}
