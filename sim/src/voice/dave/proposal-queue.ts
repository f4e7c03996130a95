import { hash } from 'node:crypto';
import { MlsError } from '../mls/codec.ts';
import type { Proposal } from '../mls/proposal.ts';
import type { ProposalsMessage } from '../mls/proposal-reading.ts';

/** Proposals that wait for a commit, by reference in hex, in the order of their arrival. Never changed. */
export type ProposalQueue = ReadonlyMap<string, Proposal>;

export const emptyQueue: ProposalQueue = new Map();

/** The queue after op 27. @throws MlsError when a proposal is taken back that is not in it. */
export function queueAfter(queue: ProposalQueue, message: ProposalsMessage): ProposalQueue {
  const next = new Map(queue);
  if (message.kind === 'append') {
    for (const proposal of message.proposals) next.set(proposal.ref, proposal);
    return next;
  }
  for (const ref of message.refs) {
    if (!next.delete(ref)) throw new MlsError(`proposal ${ref} is taken back, but was never made`);
  }
  return next;
}

/** @throws MlsError when a user would be added whom the gateway has not announced (op 11). */
export function refuseStrangers(queue: ProposalQueue, recognisedUserIds: readonly string[]): void {
  const recognised = new Set(recognisedUserIds);
  for (const { change } of queue.values()) {
    if (change.kind !== 'add' || recognised.has(change.keyPackage.userId)) continue;
    throw new MlsError(`user ${change.keyPackage.userId} would be added, but is not known to be here`);
  }
}

/** Names a first group by its key packages: both halves of a pair, each adding the other, come to the same name. */
export function firstGroupKey(queue: ProposalQueue, ownKeyPackageRef: Buffer): string {
  const added = [...queue.values()].flatMap(({ change }) => (change.kind === 'add' ? [change.keyPackage.ref] : []));
  const refs = [ownKeyPackageRef, ...added].map((ref) => ref.toString('hex')).sort();
  return hash('sha256', refs.join());
}
