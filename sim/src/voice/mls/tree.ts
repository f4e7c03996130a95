import { hash } from 'node:crypto';
import { MlsError, optional, u32, vector } from './codec.ts';
import type { LeafNode } from './leaf-node.ts';
import { covers, leftOf, levelOf, pathOf, rightOf, rootOf } from './tree-math.ts';

/** A parent node (RFC 9420 §7.1). */
export interface ParentNode {
  encryptionKey: Buffer;
  parentHash: Buffer;
  /** Leaves below that do not know the private key, in ascending order. */
  unmergedLeaves: readonly number[];
}

const leafType = Buffer.from([1]);
const parentType = Buffer.from([2]);

/** The bytes of a parent node. */
export function writeParentNode({ encryptionKey, parentHash, unmergedLeaves }: ParentNode): Buffer {
  return Buffer.concat([vector(encryptionKey), vector(parentHash), vector(...unmergedLeaves.map(u32))]);
}

/**
 * A ratchet tree (RFC 9420 §7). Nodes are never changed, only replaced, so that a clone shares them; trees of a group
 * state are not changed any more. Tree hashes are kept until a node below changes.
 */
export class Tree {
  readonly #leaves: (LeafNode | undefined)[];
  /** Parent node `2i + 1` at index i. */
  readonly #parents: (ParentNode | undefined)[];
  readonly #hashes: (Buffer | undefined)[];

  /** @param leaves their number is a power of two, and one more than that of the parents. */
  constructor(
    leaves: (LeafNode | undefined)[],
    parents: (ParentNode | undefined)[] = [],
    hashes: (Buffer | undefined)[] = [],
  ) {
    this.#leaves = leaves;
    this.#parents = parents;
    this.#hashes = hashes;
  }

  clone(): Tree {
    return new Tree([...this.#leaves], [...this.#parents], [...this.#hashes]);
  }

  /** Leaves that the tree has room for: a power of two. */
  get leafCapacity(): number {
    return this.#leaves.length;
  }

  get root(): number {
    return rootOf(this.leafCapacity);
  }

  /** Leaves that are not blank, with their index. */
  members(): { leafIndex: number; leaf: LeafNode }[] {
    return this.#leaves.flatMap((leaf, leafIndex) => (leaf ? [{ leafIndex, leaf }] : []));
  }

  leaf(leafIndex: number): LeafNode | undefined {
    return this.#leaves[leafIndex];
  }

  parent(node: number): ParentNode | undefined {
    return this.#parents[node >> 1];
  }

  /** Public key of a leaf or parent; undefined when it is blank. */
  encryptionKey(node: number): Buffer | undefined {
    return (levelOf(node) === 0 ? this.leaf(node >> 1) : this.parent(node))?.encryptionKey;
  }

  setLeaf(leafIndex: number, leaf: LeafNode | undefined): void {
    this.#leaves[leafIndex] = leaf;
    this.#forgetHashes(leafIndex * 2);
  }

  setParent(node: number, parent: ParentNode | undefined): void {
    this.#parents[node >> 1] = parent;
    this.#forgetHashes(node);
  }

  /** Puts a newcomer on the leftmost blank leaf, or doubles the tree (RFC 9420 §7.7). Answers the leaf's index. */
  add(leaf: LeafNode): number {
    let leafIndex = this.#leaves.indexOf(undefined);
    if (leafIndex === -1) {
      leafIndex = this.leafCapacity;
      this.#leaves.push(...Array<undefined>(leafIndex).fill(undefined));
      this.#parents.push(...Array<undefined>(leafIndex).fill(undefined));
    }
    this.setLeaf(leafIndex, leaf);
    for (const { node } of pathOf(leafIndex * 2, this.leafCapacity)) {
      const parent = this.parent(node);
      if (!parent) continue;
      const unmergedLeaves = [...parent.unmergedLeaves, leafIndex].sort((a, b) => a - b);
      this.setParent(node, { ...parent, unmergedLeaves });
    }
    return leafIndex;
  }

  /** Blanks a leaf and its path; cuts the tree in half while its right half is empty. */
  remove(leafIndex: number): void {
    if (!this.leaf(leafIndex)) throw new MlsError(`leaf ${leafIndex} is blank and cannot be removed`);
    this.setLeaf(leafIndex, undefined);
    for (const { node } of pathOf(leafIndex * 2, this.leafCapacity)) this.setParent(node, undefined);
    for (let half = this.leafCapacity / 2; half >= 1; half /= 2) {
      if (this.#leaves.findLastIndex((leaf) => leaf !== undefined) >= half) break;
      this.#leaves.length = half;
      this.#parents.length = half - 1;
      this.#hashes.length = 2 * half - 1;
    }
  }

  /** The non-blank nodes that cover everything below a node (RFC 9420 §4.1.1). */
  resolution(node: number): number[] {
    if (levelOf(node) === 0) return this.leaf(node >> 1) ? [node] : [];
    const parent = this.parent(node);
    if (parent) return [node, ...parent.unmergedLeaves.map((leafIndex) => leafIndex * 2)];
    return [...this.resolution(leftOf(node)), ...this.resolution(rightOf(node))];
  }

  /** Parents of a leaf whose other child covers anybody, nearest first: those that an UpdatePath has nodes for. */
  filteredPath(leafIndex: number): { node: number; sibling: number }[] {
    const path = pathOf(leafIndex * 2, this.leafCapacity);
    return path.filter(({ sibling }) => this.resolution(sibling).length > 0);
  }

  /** Tree hash of a subtree (RFC 9420 §7.8). */
  hash(node = this.root): Buffer {
    this.#hashes[node] ??= this.#hashWithout(node, []);
    return this.#hashes[node];
  }

  /** Parent hash for the children of a parent, seen from the side that is not `sibling` (RFC 9420 §7.9). */
  parentHash(node: number, sibling: number): Buffer {
    const parent = this.parent(node);
    if (!parent) throw new MlsError(`node ${node} is blank and has no parent hash`);
    // The sibling as it was when the parent was written: without those who came since.
    const original = this.#hashWithout(sibling, parent.unmergedLeaves);
    const input = [vector(parent.encryptionKey), vector(parent.parentHash), vector(original)];
    return hash('sha256', Buffer.concat(input), 'buffer');
  }

  #hashWithout(node: number, absent: readonly number[]): Buffer {
    const concerned = absent.filter((leafIndex) => covers(node, leafIndex));
    if (concerned.length === 0 && this.#hashes[node]) return this.#hashes[node];
    const isLeaf = levelOf(node) === 0;
    const input = isLeaf ? this.#leafInput(node >> 1, concerned) : this.#parentInput(node, concerned);
    const digest = hash('sha256', Buffer.concat(input), 'buffer');
    if (concerned.length === 0) this.#hashes[node] = digest;
    return digest;
  }

  #leafInput(leafIndex: number, absent: readonly number[]): Buffer[] {
    const bytes = absent.length > 0 ? undefined : this.leaf(leafIndex)?.bytes;
    return [leafType, u32(leafIndex), optional(bytes)];
  }

  #parentInput(node: number, absent: readonly number[]): Buffer[] {
    const parent = this.parent(node);
    const unmergedLeaves = parent?.unmergedLeaves.filter((leafIndex) => !absent.includes(leafIndex));
    const bytes = parent && unmergedLeaves ? writeParentNode({ ...parent, unmergedLeaves }) : undefined;
    const [left, right] = [leftOf(node), rightOf(node)].map((child) => vector(this.#hashWithout(child, absent)));
    return [parentType, optional(bytes), left ?? vector(), right ?? vector()];
  }

  #forgetHashes(node: number): void {
    this.#hashes[node] = undefined;
    for (const above of pathOf(node, this.leafCapacity)) this.#hashes[above.node] = undefined;
  }
}
