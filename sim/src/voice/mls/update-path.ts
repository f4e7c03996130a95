import { randomBytes } from 'node:crypto';
import { MlsError, vector } from './codec.ts';
import type { UpdatePath } from './commit-message.ts';
import { deriveHpkeKeys, type HpkeKeyPair, hpkeOpen, hpkeSeal, labeledHpkeContext } from './hpke.ts';
import { deriveSecret } from './key-schedule.ts';
import type { PrivateKeys } from './private-keys.ts';
import type { Tree } from './tree.ts';
import { pathOf } from './tree-math.ts';

const label = 'UpdatePathNode';

/** The secrets of a path, from the nearest node that is known up to the root. */
export interface PathSecrets {
  /** Path secret and key pair by node. */
  nodes: { node: number; pathSecret: Buffer; keys: HpkeKeyPair }[];
  /** Enters the key schedule. */
  commitSecret: Buffer;
}

/** Draws fresh secrets for the filtered path of a leaf (RFC 9420 §7.4). */
export function drawPathSecrets(tree: Tree, leafIndex: number): PathSecrets {
  return derivePathSecrets(
    tree.filteredPath(leafIndex).map(({ node }) => node),
    randomBytes(32),
  );
}

/** Works out everything above the first of `nodes`, whose path secret is known. */
export function derivePathSecrets(nodes: readonly number[], first: Buffer): PathSecrets {
  let pathSecret = first;
  const known: PathSecrets['nodes'] = [];
  for (const node of nodes) {
    known.push({ node, pathSecret, keys: deriveHpkeKeys(deriveSecret(pathSecret, 'node')) });
    pathSecret = deriveSecret(pathSecret, 'path');
  }
  return { nodes: known, commitSecret: pathSecret };
}

/**
 * Writes the public keys of a path into the tree: the whole direct path is blanked, then the filtered one filled, from
 * the root down as each parent hash enters the next. Answers the parent hash for the sender's leaf.
 */
export function mergePath(tree: Tree, leafIndex: number, path: { node: number; sibling: number }[], keys: Buffer[]) {
  if (path.length !== keys.length) throw new MlsError(`update path has ${keys.length} nodes, not ${path.length}`);
  for (const { node } of pathOf(leafIndex * 2, tree.leafCapacity)) tree.setParent(node, undefined);
  let parentHash: Buffer = Buffer.alloc(0);
  for (const [index, { node, sibling }] of [...path.entries()].reverse()) {
    const encryptionKey = keys[index];
    if (!encryptionKey) throw new MlsError('update path lacks a node');
    tree.setParent(node, { encryptionKey, parentHash, unmergedLeaves: [] });
    parentHash = tree.parentHash(node, sibling);
  }
  return parentHash;
}

/** Encrypts each path secret to those below the sibling, newcomers left out: they learn theirs from the Welcome. */
export function sealPath(
  tree: Tree,
  path: { node: number; sibling: number }[],
  secrets: PathSecrets,
  newcomers: ReadonlySet<number>,
  groupContext: Buffer,
): Buffer {
  const context = labeledHpkeContext(label, groupContext);
  const nodes = secrets.nodes.map(({ pathSecret, keys }, index) => {
    const sealed = receivers(tree, path[index]?.sibling, newcomers).map((receiver) => {
      const publicKey = tree.encryptionKey(receiver);
      if (!publicKey) throw new MlsError(`node ${receiver} is blank and cannot receive a path secret`);
      const { kemOutput, ciphertext } = hpkeSeal(publicKey, context, pathSecret);
      return Buffer.concat([vector(kemOutput), vector(ciphertext)]);
    });
    return Buffer.concat([vector(keys.publicKey), vector(...sealed)]);
  });
  return vector(...nodes);
}

/**
 * Opens the lowest path secret that anybody here has a key for, and derives the rest.
 * @throws MlsError when nobody here can, or the secrets do not belong to the public keys of the path.
 */
export function openPath(
  tree: Tree,
  path: { node: number; sibling: number }[],
  { nodes }: UpdatePath,
  newcomers: ReadonlySet<number>,
  groupContext: Buffer,
  privateKeys: PrivateKeys,
): PathSecrets {
  for (const [index, { sibling }] of path.entries()) {
    const addressees = receivers(tree, sibling, newcomers);
    const sealed = nodes[index]?.pathSecrets ?? [];
    if (sealed.length !== addressees.length)
      throw new MlsError('update path is not encrypted to everybody in the group');
    for (const [place, receiver] of addressees.entries()) {
      const publicKey = tree.encryptionKey(receiver);
      const keys = publicKey && privateKeys.of(publicKey);
      const ciphertext = sealed[place];
      if (!keys || !ciphertext) continue;
      const first = hpkeOpen(keys, labeledHpkeContext(label, groupContext), ciphertext);
      const secrets = derivePathSecrets(
        path.slice(index).map(({ node }) => node),
        first,
      );
      verifyPathKeys(tree, secrets);
      return secrets;
    }
  }
  throw new MlsError('update path is encrypted to nobody in this process');
}

/** Refuses path secrets whose public keys are not those of the tree. @throws MlsError */
export function verifyPathKeys(tree: Tree, { nodes }: PathSecrets): void {
  for (const { node, keys } of nodes) {
    if (tree.parent(node)?.encryptionKey.equals(keys.publicKey) !== true) {
      throw new MlsError(`path secret of node ${node} does not belong to its public key`);
    }
  }
}

function receivers(tree: Tree, sibling: number | undefined, newcomers: ReadonlySet<number>): number[] {
  if (sibling === undefined) throw new MlsError('update path lacks a node');
  return tree.resolution(sibling).filter((node) => node % 2 === 1 || !newcomers.has(node / 2));
}
