import { seal } from './aead.ts';
import { optional, u16, u32, u64, vector } from './codec.ts';
import { type GroupState, nextState, provisionalContext, writeGroupContext } from './group-state.ts';
import { mac } from './hkdf.ts';
import { generateHpkeKeys, type HpkeKeyPair, hpkeSeal, labeledHpkeContext } from './hpke.ts';
import type { KeyPackage } from './key-package.ts';
import { welcomeKeysOf } from './key-schedule.ts';
import { makeLeafNode, type SignatureKeys } from './leaf-node.ts';
import type { Proposal } from './proposal.ts';
import { applyProposals } from './proposal-reading.ts';
import { writeRatchetTree } from './ratchet-tree.ts';
import { signWithLabel } from './signature.ts';
import type { Tree } from './tree.ts';
import { covers } from './tree-math.ts';
import { drawPathSecrets, mergePath, type PathSecrets, sealPath } from './update-path.ts';

/** A commit that its maker may yet have to drop, as somebody else's may win. */
export interface MadeCommit {
  /** The MLSMessage. */
  commit: Buffer;
  /** The bare Welcome for all newcomers; undefined when nobody is added. */
  welcome: Buffer | undefined;
  encryptedGroupInfo: Buffer | undefined;
  joinerSecret: Buffer;
  /** The state that the commit leads to. */
  state: GroupState;
  /** What the maker learns of it. */
  privateKeys: HpkeKeyPair[];
}

/** The member who commits. */
export interface Committer {
  leafIndex: number;
  signatureKeys: SignatureKeys;
}

const versionAndPublicMessage = Buffer.concat([u16(1), u16(1)]);
const ratchetTreeExtension = 2;

/**
 * Commits proposals by reference, with an UpdatePath where RFC 9420 §12.4 wants one (anything but additions).
 * @throws MlsError when the proposals contradict the group.
 */
export function makeCommit(state: GroupState, proposals: readonly Proposal[], committer: Committer): MadeCommit {
  const changes = proposals.map((proposal) => proposal.change);
  const { tree, newcomers, needsPath } = applyProposals(state.tree, changes, committer.leafIndex);
  const path = needsPath
    ? makePath(state, tree, new Set(newcomers.map(({ leafIndex }) => leafIndex)), committer)
    : undefined;
  const refs = proposals.map(({ ref }) => Buffer.concat([Buffer.from([2]), vector(Buffer.from(ref, 'hex'))]));
  const framedContent = Buffer.concat([
    vector(state.context.groupId),
    u64(state.context.epoch),
    Buffer.from([1]), // sender: a member
    u32(committer.leafIndex),
    vector(), // authenticated data
    Buffer.from([3]), // content: a commit
    vector(...refs),
    optional(path?.bytes),
  ]);
  const toBeSigned = Buffer.concat([versionAndPublicMessage, framedContent, state.contextBytes]);
  const signature = signWithLabel(committer.signatureKeys.privateKey, 'FramedContentTBS', toBeSigned);
  const commitSecret = path?.secrets.commitSecret ?? Buffer.alloc(32);
  const next = nextState(state, tree, { framedContent, signature }, commitSecret);
  const authentication = Buffer.concat([vector(signature), vector(next.state.confirmationTag)]);
  const membershipTag = mac(state.secrets.membershipKey, toBeSigned, authentication);
  const commit = Buffer.concat([versionAndPublicMessage, framedContent, authentication, vector(membershipTag)]);
  const keyPackages = newcomers.map(({ leafIndex, keyPackage }) => ({
    keyPackage,
    pathSecret: secretFor(leafIndex, path),
  }));
  const welcome = newcomers.length > 0 ? makeWelcome(next.state, next.joinerSecret, keyPackages, committer) : undefined;
  return {
    commit,
    welcome: welcome?.bytes,
    encryptedGroupInfo: welcome?.encryptedGroupInfo,
    ...next,
    privateKeys: path?.keys ?? [],
  };
}

interface MadePath {
  bytes: Buffer;
  secrets: PathSecrets;
  keys: HpkeKeyPair[];
}

/** Makes an UpdatePath and merges it into `tree`. */
function makePath(
  state: GroupState,
  tree: Tree,
  newcomers: Set<number>,
  { leafIndex, signatureKeys }: Committer,
): MadePath {
  const path = tree.filteredPath(leafIndex);
  const secrets = drawPathSecrets(tree, leafIndex);
  const keys = secrets.nodes.map((node) => node.keys);
  const parentHash = mergePath(
    tree,
    leafIndex,
    path,
    keys.map(({ publicKey }) => publicKey),
  );
  const leafKeys = generateHpkeKeys();
  const identity = tree.leaf(leafIndex)?.identity ?? Buffer.alloc(0);
  const place = { groupId: state.context.groupId, leafIndex, parentHash };
  const leaf = makeLeafNode(signatureKeys, identity, leafKeys.publicKey, place);
  tree.setLeaf(leafIndex, leaf);
  const sealed = sealPath(tree, path, secrets, newcomers, writeGroupContext(provisionalContext(state, tree)));
  return { bytes: Buffer.concat([leaf.bytes, sealed]), secrets, keys: [leafKeys, ...keys] };
}

/** The path secret of the lowest node that a newcomer shares with the committer. */
function secretFor(leafIndex: number, path: MadePath | undefined): Buffer | undefined {
  return path?.secrets.nodes.find(({ node }) => covers(node, leafIndex))?.pathSecret;
}

/** The Welcome for newcomers (RFC 9420 §12.4.3.1): GroupInfo with the tree, and secrets for each of them. */
function makeWelcome(
  state: GroupState,
  joinerSecret: Buffer,
  newcomers: { keyPackage: KeyPackage; pathSecret: Buffer | undefined }[],
  { leafIndex, signatureKeys }: Committer,
) {
  const toBeSigned = Buffer.concat([
    state.contextBytes,
    vector(u16(ratchetTreeExtension), vector(writeRatchetTree(state.tree))),
    vector(state.confirmationTag),
    u32(leafIndex),
  ]);
  const signature = signWithLabel(signatureKeys.privateKey, 'GroupInfoTBS', toBeSigned);
  const { key, nonce } = welcomeKeysOf(joinerSecret);
  const encryptedGroupInfo = seal(key, nonce, Buffer.alloc(0), Buffer.concat([toBeSigned, vector(signature)]));
  const context = labeledHpkeContext('Welcome', encryptedGroupInfo);
  const secrets = newcomers.map(({ keyPackage, pathSecret }) => {
    const plaintext = [vector(joinerSecret), optional(pathSecret && vector(pathSecret)), vector()];
    const { kemOutput, ciphertext } = hpkeSeal(keyPackage.initKey, context, Buffer.concat(plaintext));
    return Buffer.concat([vector(keyPackage.ref), vector(kemOutput), vector(ciphertext)]);
  });
  return { bytes: Buffer.concat([u16(2), vector(...secrets), vector(encryptedGroupInfo)]), encryptedGroupInfo };
}
