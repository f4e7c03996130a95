import type { Route } from './session-spec.ts';

/**
 * Everybody hears everybody else: the matrix of the modes bridge and support.
 *
 * @example fullMatrix(['a', 'b']) // [['a', 'b'], ['b', 'a']]
 */
export function fullMatrix(legIds: readonly string[]): Route[] {
  return legIds.flatMap((from) => legIds.filter((to) => to !== from).map((to): Route => [from, to]));
}

/** The legs whose people are heard in the channel of `legId`, in the order of the matrix. */
export function sourcesOf(routes: readonly Route[], legId: string): string[] {
  return routes.filter(([, to]) => to === legId).map(([from]) => from);
}

/** The legs in whose channels the people of `legId` are heard, in the order of the matrix. */
export function listenersOf(routes: readonly Route[], legId: string): string[] {
  return routes.filter(([from]) => from === legId).map(([, to]) => to);
}
