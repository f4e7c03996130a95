/**
 * The array form of a complete binary tree (RFC 9420, appendix C): leaf `i` is node `2i`, parents are the odd nodes.
 */

/** Height above the leaves. */
export function levelOf(node: number): number {
  let level = 0;
  while ((node >> level) & 1) level++;
  return level;
}

export function leftOf(node: number): number {
  return node ^ (1 << (levelOf(node) - 1));
}

export function rightOf(node: number): number {
  return node ^ (3 << (levelOf(node) - 1));
}

export function parentOf(node: number): number {
  const level = levelOf(node);
  return (node | (1 << level)) & ~(1 << (level + 1));
}

/** The root of a tree of `leafCapacity` leaves, a power of two. */
export function rootOf(leafCapacity: number): number {
  return leafCapacity - 1;
}

/** Parents of a node up to the root, nearest first, each with the child that is not on the way (the copath). */
export function pathOf(node: number, leafCapacity: number): { node: number; sibling: number }[] {
  const root = rootOf(leafCapacity);
  const path: { node: number; sibling: number }[] = [];
  for (let child = node; child !== root; ) {
    const parent = parentOf(child);
    const left = leftOf(parent);
    path.push({ node: parent, sibling: child === left ? rightOf(parent) : left });
    child = parent;
  }
  return path;
}

/** Whether a leaf is below a node (or is it). */
export function covers(node: number, leafIndex: number): boolean {
  const level = levelOf(node);
  return (leafIndex * 2) >> (level + 1) === node >> (level + 1);
}
