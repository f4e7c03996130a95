/**
 * Two voice nodes that see one guild report each change of each member, at their own pace and by their own clocks. Each node's
 * reports come in order, so what a member was is a row of states, and every node walks along it: a node that says what follows
 * on its place in the row is an echo; what is not in the row is news. Pure.
 */

/** One state of a member (`stateOf`), and the nodes that have said so. */
export interface MemberState {
  state: string;
  nodes: string[];
}

/** So many states of a member are remembered: enough for a node that is a few changes behind. */
const REMEMBERED = 12;

/** Takes in that a node reports a state. `echo`: the row told it before, and nothing is new. */
export function heard(
  row: readonly MemberState[],
  nodeId: string,
  state: string,
): { echo: boolean; row: MemberState[] } {
  const place = row.findLastIndex(({ nodes }) => nodes.includes(nodeId));
  const match = row.findIndex((each, index) => index > place && each.state === state);
  if (match < 0) return { echo: false, row: [...row, { state, nodes: [nodeId] }].slice(-REMEMBERED) };
  const next = row.map((each, index) => (index === match ? { ...each, nodes: [...each.nodes, nodeId] } : each));
  return { echo: true, row: next };
}

/**
 * Takes in a state from a node's whole picture: the node stands at the newest place that tells it, having missed what was before.
 * A state that the row does not tell is added when it changed what is known (`news`); otherwise it was from before the row.
 */
export function stands(row: readonly MemberState[], nodeId: string, state: string, news: boolean): MemberState[] {
  const place = row.findLastIndex((each) => each.state === state);
  if (place < 0) return news ? [...row, { state, nodes: [nodeId] }].slice(-REMEMBERED) : [...row];
  return row.map((each, index) => (index === place ? { ...each, nodes: [...each.nodes, nodeId] } : each));
}
