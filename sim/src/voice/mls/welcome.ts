import { open } from './aead.ts';
import { MlsError, Reader } from './codec.ts';
import type { Welcome } from './commit.ts';
import { readHpkeCiphertext } from './commit-message.ts';
import { type GroupState, leafIndexOf, readGroupContext, stateOf, writeGroupContext } from './group-state.ts';
import { mac } from './hkdf.ts';
import { type HpkeContext, type HpkeKeyPair, hpkeOpen, labeledHpkeContext } from './hpke.ts';
import type { OwnKeyPackage } from './key-package.ts';
import { epochSecretsOf, welcomeKeysOf } from './key-schedule.ts';
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

/** A group as its GroupInfo tells it. */
export interface OpenedGroup {
  state: GroupState;
  /** Leaf of the committer. */
  signer: number;
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

/**
 * Opens the GroupInfo and checks it: its signature, tree hash, leaf signatures, parent hashes, confirmation tag.
 * @throws MlsError saying what is wrong.
 */
export function openGroup(encryptedGroupInfo: Buffer, joinerSecret: Buffer): OpenedGroup {
  const { key, nonce } = welcomeKeysOf(joinerSecret);
  const reader = new Reader(open(key, nonce, Buffer.alloc(0), encryptedGroupInfo));
  const context = readGroupContext(reader);
  const extensions = reader.list((inner) => ({ type: inner.u16(), data: inner.vector() }));
  const confirmationTag = reader.vector();
  const signer = reader.u32();
  const toBeSigned = reader.bytes.subarray(0, reader.offset);
  const signature = reader.vector();
  reader.end();
  const treeData = extensions.find(({ type }) => type === ratchetTreeExtension)?.data;
  if (!treeData) throw new MlsError('GroupInfo has no ratchet tree');
  const tree = readRatchetTree(treeData);
  const signerLeaf = tree.leaf(signer);
  if (!signerLeaf) throw new MlsError('GroupInfo is signed by a blank leaf');
  if (!verifyWithLabel(signerLeaf.signatureKey, 'GroupInfoTBS', toBeSigned, signature)) {
    throw new MlsError('signature of the GroupInfo is wrong');
  }
  if (!tree.hash().equals(context.treeHash)) throw new MlsError('tree of the Welcome does not match its hash');
  verifyTree(tree, context.groupId);
  const secrets = epochSecretsOf(joinerSecret, writeGroupContext(context));
  if (!mac(secrets.confirmationKey, context.confirmedTranscriptHash).equals(confirmationTag)) {
    throw new MlsError('confirmation tag of the Welcome is wrong');
  }
  return { state: stateOf(context, tree, secrets, confirmationTag), signer };
}

/**
 * What a newcomer knows of the tree: the key of their leaf and, from the path secret, those above the committer.
 * @throws MlsError when they are not in it, or the path secret does not belong to the tree.
 */
export function keysOfNewcomer(
  { state, signer }: OpenedGroup,
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
