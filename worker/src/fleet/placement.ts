import type { IdentityReport } from './store.ts';

export interface IdentityOwner {
  nodeId: string;
  bootId: string;
  epoch: number;
  /** Is the owner's control socket open? */
  online: boolean;
}

/**
 * Who owns an identity after `claimant` says that it has it. An online owner is replaced only by a newer boot: two nodes with
 * one token do not take it from each other at every reconnection. A new owner or boot gets a new epoch.
 */
export function claimIdentity(
  owner: IdentityOwner | undefined,
  claimant: { nodeId: string; bootId: string },
): { granted: boolean; epoch: number } {
  if (!owner) return { granted: true, epoch: 1 };
  const same = owner.nodeId === claimant.nodeId && owner.bootId === claimant.bootId;
  if (same) return { granted: true, epoch: owner.epoch };
  const stronger = owner.nodeId === claimant.nodeId || !owner.online || claimant.bootId > owner.bootId;
  return stronger ? { granted: true, epoch: owner.epoch + 1 } : { granted: false, epoch: owner.epoch };
}

export interface NodeLoad {
  nodeId: string;
  capacity: number;
  legs: number;
  guildIds: ReadonlySet<string>;
}

/**
 * The nodes that could hold a session with a leg in each of these guilds, least loaded first (legs per capacity), and the
 * guilds to blame: no node has an identity in them, while the others are served.
 */
export function candidateNodes(
  nodes: readonly NodeLoad[],
  guildIds: readonly string[],
): { nodeIds: string[]; guildsWithout: string[] } {
  const load = (node: NodeLoad) => (node.legs + guildIds.length) / node.capacity;
  const nodeIds = nodes
    .filter((node) => load(node) <= 1 && guildIds.every((guildId) => node.guildIds.has(guildId)))
    .sort((left, right) => load(left) - load(right) || (left.nodeId < right.nodeId ? -1 : 1))
    .map((node) => node.nodeId);
  const without = guildIds.filter((guildId) => !nodes.some((node) => node.guildIds.has(guildId)));
  // When no side is served, the nodes are away: that is nobody's fault.
  return { nodeIds, guildsWithout: without.length === guildIds.length ? [] : without };
}

export type { IdentityReport };
