import { MlsError, Reader, u16, vector } from './codec.ts';
import type { GroupState } from './group-state.ts';
import { parseKeyPackage } from './key-package.ts';
import type { Proposal } from './proposal.ts';
import { refHash, verifyWithLabel } from './signature.ts';
import type { Tree } from './tree.ts';

/** What op 27 says: proposals to add to those that wait for a commit, or references of some that are taken back. */
export type ProposalsMessage = { kind: 'append'; proposals: Proposal[] } | { kind: 'revoke'; refs: string[] };

/**
 * Reads op 27 for a member in `state` and checks it: external sender, signature, group, epoch, key packages.
 * @throws MlsError saying which rule is broken.
 */
export function readProposals(payload: Buffer, state: GroupState): ProposalsMessage {
  const reader = new Reader(payload);
  const operation = reader.u8();
  if (operation > 1) throw new MlsError(`operation ${operation} on proposals is neither append (0) nor revoke (1)`);
  const message: ProposalsMessage =
    operation === 0
      ? { kind: 'append', proposals: reader.list((inner) => readExternalProposal(inner, state)) }
      : { kind: 'revoke', refs: reader.list((inner) => inner.vector().toString('hex')) };
  reader.end();
  return message;
}

function readExternalProposal(reader: Reader, { context, externalSenders }: GroupState): Proposal {
  const start = reader.offset;
  if (reader.u16() !== 1 || reader.u16() !== 1) throw new MlsError('proposal is not a public MLS 1.0 message');
  const contentStart = reader.offset;
  if (!reader.vector().equals(context.groupId)) throw new MlsError('proposal is for another group');
  const epoch = reader.u64();
  if (epoch !== context.epoch) throw new MlsError(`proposal is for epoch ${epoch}, the group is in ${context.epoch}`);
  if (reader.u8() !== 2) throw new MlsError('proposal does not come from an external sender');
  const signatureKey = externalSenders[reader.u32()];
  if (!signatureKey) throw new MlsError('proposal names an external sender that the group does not know');
  reader.vector(); // authenticated data
  if (reader.u8() !== 2) throw new MlsError('message is no proposal');
  const change = readChange(reader);
  const content = reader.bytes.subarray(contentStart, reader.offset);
  const toBeSigned = reader.bytes.subarray(start, reader.offset);
  const signature = reader.vector();
  if (!verifyWithLabel(signatureKey, 'FramedContentTBS', toBeSigned, signature)) {
    throw new MlsError('proposal signature is wrong');
  }
  const authenticated = Buffer.concat([u16(1), content, vector(signature)]);
  return {
    message: reader.bytes.subarray(start, reader.offset),
    ref: refHash('Proposal Reference', authenticated).toString('hex'),
    change,
  };
}

function readChange(reader: Reader): Proposal['change'] {
  const type = reader.u16();
  if (type === 1) return { kind: 'add', keyPackage: parseKeyPackage(reader) };
  if (type === 3) return { kind: 'remove', leaf: reader.u32() };
  throw new MlsError(`proposal type ${type} is neither Add (1) nor Remove (3)`);
}

/**
 * Applies proposals to a copy of the tree: removals first, then additions in their order (RFC 9420 §12.3).
 * @throws MlsError when they contradict the tree, or each other.
 */
export function applyProposals(before: Tree, changes: readonly Proposal['change'][], committer: number) {
  const tree = before.clone();
  for (const change of changes) {
    if (change.kind !== 'remove') continue;
    if (change.leaf === committer) throw new MlsError('nobody can commit their own removal');
    tree.remove(change.leaf);
  }
  const taken = new Set(tree.members().flatMap(({ leaf }) => [name(leaf.signatureKey), name(leaf.encryptionKey)]));
  const newcomers: { leafIndex: number; keyPackage: (Proposal['change'] & { kind: 'add' })['keyPackage'] }[] = [];
  for (const change of changes) {
    if (change.kind !== 'add') continue;
    const { leaf, userId } = change.keyPackage;
    for (const key of [leaf.signatureKey, leaf.encryptionKey].map(name)) {
      if (taken.has(key)) throw new MlsError(`a key of user ${userId} is in the group already`);
      taken.add(key);
    }
    newcomers.push({ leafIndex: tree.add(leaf), keyPackage: change.keyPackage });
  }
  return { tree, newcomers, needsPath: changes.length !== newcomers.length || changes.length === 0 };
}

function name(key: Buffer): string {
  return key.toString('latin1');
}
