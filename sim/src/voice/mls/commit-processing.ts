import { MlsError, Reader, u16, vector } from './codec.ts';
import { type CommitMessage, readCommitMessage } from './commit-message.ts';
import { type GroupState, nextState, provisionalContext, writeGroupContext } from './group-state.ts';
import { mac } from './hkdf.ts';
import { verifyLeafNode } from './leaf-node.ts';
import type { PrivateKeys } from './private-keys.ts';
import type { Proposal } from './proposal.ts';
import { applyProposals } from './proposal-reading.ts';
import { verifyWithLabel } from './signature.ts';
import type { Tree } from './tree.ts';
import { mergePath, openPath } from './update-path.ts';

const versionAndPublicMessage = Buffer.concat([u16(1), u16(1)]);

/**
 * Follows a commit (RFC 9420 §12.4.2). `proposals` are those that wait, by reference; `privateKeys` learns the secrets
 * of the path once everything is checked. Neither `state` nor anything else changes when the commit is refused.
 * @throws MlsError saying what is wrong.
 */
export function processCommit(
  state: GroupState,
  bytes: Buffer,
  proposals: ReadonlyMap<string, Proposal>,
  privateKeys: PrivateKeys,
): GroupState {
  const reader = new Reader(bytes);
  const commit = readCommitMessage(reader);
  reader.end();
  verifyOrigin(state, commit);
  const changes = commit.proposalRefs.map((ref) => {
    const proposal = proposals.get(ref);
    if (!proposal) throw new MlsError(`commit names proposal ${ref}, which nobody made`);
    return proposal.change;
  });
  const { tree, newcomers, needsPath } = applyProposals(state.tree, changes, commit.senderLeaf);
  if (needsPath && !commit.path) throw new MlsError('commit lacks the update path that its proposals require');
  const added = new Set(newcomers.map(({ leafIndex }) => leafIndex));
  const path = commit.path && followPath(state, tree, commit, added, privateKeys);
  const next = nextState(state, tree, commit, path?.commitSecret ?? Buffer.alloc(32)).state;
  if (!next.confirmationTag.equals(commit.confirmationTag))
    throw new MlsError('confirmation tag of the commit is wrong');
  privateKeys.add(...(path?.nodes.map(({ keys }) => keys) ?? []));
  return next;
}

/** Group, epoch, sender, signature and membership tag. */
function verifyOrigin(state: GroupState, commit: CommitMessage): void {
  const { context, tree, contextBytes, secrets } = state;
  if (!commit.groupId.equals(context.groupId)) throw new MlsError('commit is for another group');
  if (commit.epoch !== context.epoch) {
    throw new MlsError(`commit is for epoch ${commit.epoch}, the group is in ${context.epoch}`);
  }
  const sender = tree.leaf(commit.senderLeaf);
  if (!sender) throw new MlsError(`commit comes from leaf ${commit.senderLeaf}, which is blank`);
  const toBeSigned = Buffer.concat([versionAndPublicMessage, commit.framedContent, contextBytes]);
  const authentication = Buffer.concat([vector(commit.signature), vector(commit.confirmationTag)]);
  if (!mac(secrets.membershipKey, toBeSigned, authentication).equals(commit.membershipTag)) {
    throw new MlsError('membership tag of the commit is wrong');
  }
  if (!verifyWithLabel(sender.signatureKey, 'FramedContentTBS', toBeSigned, commit.signature)) {
    throw new MlsError('signature of the commit is wrong');
  }
}

/** Merges an UpdatePath into `tree` and opens its secrets. */
function followPath(
  state: GroupState,
  tree: Tree,
  { path, senderLeaf }: CommitMessage,
  newcomers: ReadonlySet<number>,
  privateKeys: PrivateKeys,
) {
  const before = tree.leaf(senderLeaf);
  if (!path || !before) throw new MlsError('commit has no update path, or no sender');
  const { leaf } = path;
  verifyLeafNode(leaf, { groupId: state.context.groupId, leafIndex: senderLeaf });
  if (!leaf.parentHash) throw new MlsError('leaf of an update path does not come from a commit');
  if (!leaf.identity.equals(before.identity)) throw new MlsError('leaf of an update path names another user');
  if (leaf.encryptionKey.equals(before.encryptionKey)) throw new MlsError('update path keeps the old leaf key');
  const filtered = tree.filteredPath(senderLeaf);
  const parentHash = mergePath(
    tree,
    senderLeaf,
    filtered,
    path.nodes.map(({ encryptionKey }) => encryptionKey),
  );
  if (!leaf.parentHash.equals(parentHash)) throw new MlsError('parent hash of the update path is wrong');
  tree.setLeaf(senderLeaf, leaf);
  const context = writeGroupContext(provisionalContext(state, tree));
  return openPath(tree, filtered, path, newcomers, context, privateKeys);
}
