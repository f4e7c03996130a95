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
  /** Identities that the node owns, the main one first. */
  identityIds: string[];
  /** How many of them are in each guild. */
  guilds: ReadonlyMap<string, number>;
}

/** A node that could hold a session, with its identities, the main one first. */
export interface NodeCandidate {
  nodeId: string;
  identityIds: string[];
}

/**
 * The nodes that could hold a session with a leg in each of these guilds (a guild that is named twice needs two identities),
 * least loaded first (legs per capacity), and the guilds to blame: no node has identities enough in them, while the others are
 * served.
 */
export function candidateNodes(
  nodes: readonly NodeLoad[],
  guildIds: readonly string[],
): { nodes: NodeCandidate[]; guildsWithout: string[] } {
  const needed = [...Map.groupBy(guildIds, (guildId) => guildId)].map(
    ([guildId, legs]) => [guildId, legs.length] as const,
  );
  const load = (node: NodeLoad) => (node.legs + guildIds.length) / node.capacity;
  const has = (node: NodeLoad, guildId: string, count: number) => (node.guilds.get(guildId) ?? 0) >= count;
  const able = nodes
    .filter((node) => load(node) <= 1 && needed.every(([guildId, count]) => has(node, guildId, count)))
    .sort((left, right) => load(left) - load(right) || (left.nodeId < right.nodeId ? -1 : 1))
    .map(({ nodeId, identityIds }) => ({ nodeId, identityIds }));
  const without = needed.filter(([guildId, count]) => !nodes.some((node) => has(node, guildId, count)));
  // When no side is served at all, the nodes are away: that is nobody's fault. One account where two are needed is.
  const away = needed.every(([guildId]) => !nodes.some((node) => has(node, guildId, 1)));
  const guildsWithout = away ? [] : without.map(([guildId]) => guildId);
  return { nodes: able, guildsWithout };
}

export type { IdentityReport };
