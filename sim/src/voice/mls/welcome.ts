import { open } from './aead.ts';
import { MlsError, Reader } from './codec.ts';
import type { Welcome } from './commit.ts';
import { readHpkeCiphertext } from './commit-message.ts';
import {
  type GroupContext,
  type GroupState,
  leafIndexOf,
  readGroupContext,
  stateOf,
  writeGroupContext,
} from './group-state.ts';
import { mac } from './hkdf.ts';
import { type HpkeContext, type HpkeKeyPair, hpkeOpen, labeledHpkeContext } from './hpke.ts';
import type { OwnKeyPackage } from './key-package.ts';
import { type EpochSecrets, epochSecretsOf, welcomeKeysOf } from './key-schedule.ts';
import { readRatchetTree, verifyTree } from './ratchet-tree.ts';
import { verifyWithLabel } from './signature.ts';
import { pathOf } from './tree-math.ts';
import { derivePathSecrets, verifyPathKeys } from './update-path.ts';

/** What a Welcome holds for one newcomer (RFC 9420 §12.4.3.1). */
export interface GroupSecrets {
  joinerSecret: Buffer;
  /** Secret of the lowest node shared with the committer, when the commit had a path. */
  pathSecret: Buffer | undefined;
}

/** A GroupInfo (RFC 9420 §12.4.3) whose confirmation tag is right. */
export interface GroupInfo {
  context: GroupContext;
  ratchetTree: Buffer;
  secrets: EpochSecrets;
  confirmationTag: Buffer;
  /** Leaf of the committer. */
  signer: number;
  /** Everything but the signature. */
  toBeSigned: Buffer;
  signature: Buffer;
}

const cipherSuite = 2;
const ratchetTreeExtension = 2;

/** The HPKE context of everybody's secrets in a Welcome. */
export function welcomeContext(encryptedGroupInfo: Buffer): HpkeContext {
  return labeledHpkeContext('Welcome', encryptedGroupInfo);
}

/** Opens one newcomer's part. @throws MlsError when the Welcome is not for this key package. */
export function openGroupSecrets(
  welcome: Welcome,
  keyPackage: Pick<OwnKeyPackage, 'ref' | 'initKeys'>,
  context: HpkeContext,
): GroupSecrets {
  if (welcome.cipherSuite !== cipherSuite) throw new MlsError(`Welcome has cipher suite ${welcome.cipherSuite}`);
  const entry = welcome.secrets.get(keyPackage.ref.toString('hex'));
  if (!entry) throw new MlsError('Welcome is for another key package');
  const outer = new Reader(entry);
  outer.vector(); // KeyPackageRef
  const reader = new Reader(hpkeOpen(keyPackage.initKeys, context, readHpkeCiphertext(outer)));
  const joinerSecret = reader.vector();
  const pathSecret = reader.optional((inner) => inner.vector());
  if (reader.vector().length > 0) throw new MlsError('Welcome asks for pre-shared keys');
  reader.end();
  return { joinerSecret, pathSecret };
}

/** Opens the GroupInfo, without looking at its tree. @throws MlsError when it is of another joiner secret, or malformed. */
export function openGroupInfo(encryptedGroupInfo: Buffer, joinerSecret: Buffer): GroupInfo {
  const { key, nonce } = welcomeKeysOf(joinerSecret);
  const reader = new Reader(open(key, nonce, Buffer.alloc(0), encryptedGroupInfo));
  const context = readGroupContext(reader);
  const extensions = reader.list((inner) => ({ type: inner.u16(), data: inner.vector() }));
  const confirmationTag = reader.vector();
  const signer = reader.u32();
  const toBeSigned = reader.bytes.subarray(0, reader.offset);
  const signature = reader.vector();
  reader.end();
  const ratchetTree = extensions.find(({ type }) => type === ratchetTreeExtension)?.data;
  if (!ratchetTree) throw new MlsError('GroupInfo has no ratchet tree');
  const secrets = epochSecretsOf(joinerSecret, writeGroupContext(context));
  if (!mac(secrets.confirmationKey, context.confirmedTranscriptHash).equals(confirmationTag)) {
    throw new MlsError('confirmation tag of the Welcome is wrong');
  }
  return { context, ratchetTree, secrets, confirmationTag, signer, toBeSigned, signature };
}

/** Checks the rest, and takes the group over: tree hash, signature, leaf signatures, parent hashes. @throws MlsError */
export function joinGroup(groupInfo: GroupInfo): GroupState {
  const { context, secrets, confirmationTag } = groupInfo;
  const tree = readRatchetTree(groupInfo.ratchetTree);
  if (!tree.hash().equals(context.treeHash)) throw new MlsError('tree of the Welcome does not match its hash');
  verifyTree(tree, context.groupId);
  const state = stateOf(context, tree, secrets, confirmationTag);
  verifyGroupInfo(groupInfo, state);
  return state;
}

/** Checks the committer's signature against the tree of the group. @throws MlsError */
export function verifyGroupInfo({ signer, toBeSigned, signature }: GroupInfo, { tree }: GroupState): void {
  const leaf = tree.leaf(signer);
  if (!leaf) throw new MlsError('GroupInfo is signed by a blank leaf');
  if (!verifyWithLabel(leaf.signatureKey, 'GroupInfoTBS', toBeSigned, signature)) {
    throw new MlsError('signature of the GroupInfo is wrong');
  }
}

/**
 * What a newcomer knows of the tree: the key of their leaf and, from the path secret, those above the committer.
 * @throws MlsError when they are not in it, or the path secret does not belong to the tree.
 */
export function keysOfNewcomer(
  state: GroupState,
  signer: number,
  keyPackage: OwnKeyPackage,
  pathSecret: Buffer | undefined,
): HpkeKeyPair[] {
  const { tree } = state;
  const leafIndex = leafIndexOf(state, keyPackage.leaf.signatureKey);
  if (leafIndex === undefined || !tree.leaf(leafIndex)?.bytes.equals(keyPackage.leaf.bytes)) {
    throw new MlsError('newcomer is not in the tree of the Welcome');
  }
  if (!pathSecret) return [keyPackage.encryptionKeys];
  const above = new Set(pathOf(leafIndex * 2, tree.leafCapacity).map(({ node }) => node));
  const shared = pathOf(signer * 2, tree.leafCapacity)
    .map(({ node }) => node)
    .filter((node) => above.has(node) && tree.parent(node));
  const secrets = derivePathSecrets(shared, pathSecret);
  verifyPathKeys(tree, secrets);
  return [keyPackage.encryptionKeys, ...secrets.nodes.map(({ keys }) => keys)];
}
