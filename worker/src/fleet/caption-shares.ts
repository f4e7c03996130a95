/**
 * Who of the voice nodes may hold how many of the deployment's connections to the transcription service. Pure. A node never has more
 * connections open than the largest share that may still be in force with it, so the sum of those is what must not exceed the limit:
 * what one node gives up goes to another only when the first has said that it is gone.
 */

/** One node, as the fleet knows it. */
export interface CaptionShare {
  nodeId: string;
  /** The share that it was told last. */
  granted: number;
  /** The most that it may have open by what it was told: above `granted` until it said that it heard of the smaller one. */
  ceiling: number;
  /** Connections that it said are open, and how many it could use. */
  open: number;
  wanted: number;
  /** When it was told last, ms since the epoch. */
  toldAt: number;
  /** It has heard of the share that it was told last. Until then it is told nothing else, so that its word is about this one. */
  heard: boolean;
  /** It says which share it goes by. */
  says: boolean;
}

/** What a node says of itself. `share`: the one that it goes by; absent where it does not say it. */
export interface CaptionDemand {
  open: number;
  wanted: number;
  share?: number | undefined;
}

/** A node that does not say which share it goes by is taken to have heard of it after this time. Milliseconds. */
export const SHARE_HEARD_MS = 3_000;

/**
 * So many more than it could use now a node with demand is given of what nobody needs: whoever begins to speak next does not wait for an
 * answer from here.
 */
export const HEADROOM = 4;

/** A node that has not been told anything yet: it has no share. */
export const newcomer = (nodeId: string): CaptionShare => ({
  ...{ nodeId, granted: 0, ceiling: 0, open: 0, wanted: 0 },
  ...{ toldAt: 0, heard: true, says: false },
});

/** The node after a report of its own. */
export function reported(known: CaptionShare, { open, wanted, share }: CaptionDemand, now: number): CaptionShare {
  const node = { ...known, open, wanted, says: share !== undefined };
  return settled(share === undefined ? node : { ...node, heard: known.heard || share === known.granted }, now);
}

/** Connections that are still being closed count until the node says that they are. */
function settled(node: CaptionShare, now: number): CaptionShare {
  const heard = node.heard || (!node.says && now - node.toldAt >= SHARE_HEARD_MS);
  if (!heard) return node;
  return { ...node, heard, ceiling: Math.min(node.ceiling, Math.max(node.granted, node.open)) };
}

/**
 * The nodes with their new shares. First what each uses now, but half of an even part at least for whoever has demand, so that who
 * came first does not shut the others out; then the rest by demand, the least served first; then headroom of what is left. Shares
 * shrink at once, and grow as far as connections are known to be free. Who is to be told has `heard: false` and `toldAt: now`.
 */
export function shareOut(nodes: readonly CaptionShare[], limit: number, now: number): CaptionShare[] {
  const asking = nodes.filter(({ wanted }) => wanted > 0).length;
  const floor = asking > 0 ? Math.max(1, Math.floor(limit / (2 * asking))) : 0;
  const used = nodes.map(({ open, wanted }) => Math.min(wanted, Math.max(open, floor)));
  const base = pour(used, [], limit);
  const need = pour(
    nodes.map(({ wanted }) => wanted),
    base,
    limit,
  );
  const headroom = pour(
    nodes.map(({ wanted }) => (wanted > 0 ? HEADROOM : 0)),
    [],
    limit - need.reduce((sum, each) => sum + each, 0),
  );
  const target = need.map((each, index) => each + (headroom[index] ?? 0));
  const known = nodes.map((node) => settled(node, now));
  let free = limit - known.reduce((sum, { ceiling }) => sum + ceiling, 0);
  // What may still be open there is its own to have back.
  const grants = known.map(({ ceiling }, index) => Math.min(target[index] ?? 0, ceiling));
  // Nobody's headroom goes before another one's need.
  for (const goal of [need, target]) {
    for (const [index, { heard }] of known.entries()) {
      const more = heard ? Math.max(0, Math.min((goal[index] ?? 0) - (grants[index] ?? 0), free)) : 0;
      grants[index] = (grants[index] ?? 0) + more;
      free -= more;
    }
  }
  return known.map((node, index) => {
    const granted = grants[index] ?? 0;
    if (!node.heard || granted === node.granted) return node;
    return { ...node, granted, ceiling: Math.max(node.ceiling, granted), heard: false, toldAt: now };
  });
}

/** Raises amounts from `from` towards `caps`, the lowest first, until `total` is given out (water filling). */
function pour(caps: readonly number[], from: readonly number[], total: number): number[] {
  const level = caps.map((_, index) => from[index] ?? 0);
  let left = total - level.reduce((sum, each) => sum + each, 0);
  let open = caps.flatMap((cap, index) => (cap > (level[index] ?? 0) ? [index] : []));
  while (left > 0 && open.length > 0) {
    const lowest = Math.min(...open.map((index) => level[index] ?? 0));
    const atLowest = open.filter((index) => level[index] === lowest);
    const others = open.filter((index) => level[index] !== lowest).map((index) => level[index] ?? 0);
    const step = Math.min(
      ...atLowest.map((index) => (caps[index] ?? 0) - lowest),
      ...others.map((each) => each - lowest),
    );
    const each = Math.min(step, Math.floor(left / atLowest.length));
    // Too little for all of them: the first ones get one more.
    const lucky = each === 0 ? left : atLowest.length;
    for (const index of atLowest.slice(0, lucky)) level[index] = lowest + Math.max(1, each);
    left -= each === 0 ? Math.min(left, atLowest.length) : each * atLowest.length;
    open = open.filter((index) => (caps[index] ?? 0) > (level[index] ?? 0));
  }
  return level;
}
