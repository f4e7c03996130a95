import { MlsError, optional, Reader, vector } from './codec.ts';
import { type LeafNode, readLeafNode, verifyLeafNode } from './leaf-node.ts';
import { type ParentNode, Tree, writeParentNode } from './tree.ts';
import { covers, leftOf, levelOf, rightOf } from './tree-math.ts';

const leafType = Buffer.from([1]);
const parentType = Buffer.from([2]);

type AnyNode = { kind: 'leaf'; leaf: LeafNode } | { kind: 'parent'; parent: ParentNode };

/** The ratchet_tree extension's data (RFC 9420 §12.4.3.3): every node from the left, without blanks at the end. */
export function writeRatchetTree(tree: Tree): Buffer {
  const nodes: Buffer[] = [];
  let end = 0;
  for (let node = 0; node < 2 * tree.leafCapacity - 1; node++) {
    const bytes = nodeBytes(tree, node);
    nodes.push(optional(bytes));
    if (bytes) end = nodes.length;
  }
  return vector(...nodes.slice(0, end));
}

function nodeBytes(tree: Tree, node: number): Buffer | undefined {
  if (levelOf(node) === 0) {
    const leaf = tree.leaf(node >> 1);
    return leaf && Buffer.concat([leafType, leaf.bytes]);
  }
  const parent = tree.parent(node);
  return parent && Buffer.concat([parentType, writeParentNode(parent)]);
}

/** Reads the ratchet_tree extension's data. @throws MlsError when it is no tree. */
export function readRatchetTree(bytes: Buffer): Tree {
  const reader = new Reader(bytes);
  const nodes = reader.list((inner) => inner.optional(readNode));
  reader.end();
  if (nodes.at(-1)?.kind !== 'leaf') throw new MlsError('ratchet tree does not end with a leaf');
  let leafCapacity = 1;
  while (2 * leafCapacity - 1 < nodes.length) leafCapacity *= 2;
  const leaves = Array<LeafNode | undefined>(leafCapacity).fill(undefined);
  const parents = Array<ParentNode | undefined>(leafCapacity - 1).fill(undefined);
  for (const [index, node] of nodes.entries()) {
    if (!node) continue;
    if ((node.kind === 'leaf') !== (levelOf(index) === 0)) throw new MlsError(`node ${index} is of the wrong kind`);
    if (node.kind === 'leaf') leaves[index >> 1] = node.leaf;
    else parents[index >> 1] = node.parent;
  }
  return new Tree(leaves, parents);
}

function readNode(reader: Reader): AnyNode {
  const type = reader.u8();
  if (type === 1) return { kind: 'leaf', leaf: readLeafNode(reader) };
  if (type !== 2) throw new MlsError(`node type ${type} is unknown`);
  const [encryptionKey, parentHash] = [reader.vector(), reader.vector()];
  return { kind: 'parent', parent: { encryptionKey, parentHash, unmergedLeaves: reader.list((inner) => inner.u32()) } };
}

/** What a newcomer checks of a tree (RFC 9420 §12.4.3.1): leaf signatures and parent hashes. @throws MlsError */
export function verifyTree(tree: Tree, groupId: Buffer): void {
  for (const { leafIndex, leaf } of tree.members()) verifyLeafNode(leaf, { groupId, leafIndex });
  for (let node = 1; node < 2 * tree.leafCapacity - 1; node += 2) {
    const parent = tree.parent(node);
    if (!parent) continue;
    const isBacked =
      backs(tree, node, parent, leftOf(node), rightOf(node)) || backs(tree, node, parent, rightOf(node), leftOf(node));
    if (!isBacked) throw new MlsError(`parent hash of node ${node} is wrong`);
  }
}

/** Whether a node below `child` vouches for a parent by its hash (RFC 9420 §7.9.2). */
function backs(tree: Tree, node: number, parent: ParentNode, child: number, sibling: number): boolean {
  const expected = tree.parentHash(node, sibling);
  const unmerged = parent.unmergedLeaves.filter((leafIndex) => covers(child, leafIndex)).map((index) => index * 2);
  const resolution = tree.resolution(child);
  const witness = resolution.find((candidate) => {
    const below = levelOf(candidate) === 0 ? tree.leaf(candidate >> 1) : tree.parent(candidate);
    return below?.parentHash?.equals(expected) === true;
  });
  if (witness === undefined) return false;
  const others = resolution.filter((candidate) => candidate !== witness);
  return others.length === unmerged.length && others.every((candidate) => unmerged.includes(candidate));
}
