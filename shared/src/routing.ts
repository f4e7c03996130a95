import type { LegSpec, Route } from './session-spec.ts';

/**
 * Everybody hears everybody else: the matrix of the modes bridge and support.
 *
 * @example fullMatrix(['a', 'b']) // [['a', 'b'], ['b', 'a']]
 */
export function fullMatrix<T>(members: readonly T[]): [from: T, to: T][] {
  return members.flatMap((from) => members.filter((to) => to !== from).map((to): [T, T] => [from, to]));
}

/** The legs whose people are heard in the channel of `legId`, in the order of the matrix. */
export function sourcesOf(routes: readonly Route[], legId: string): string[] {
  return routes.filter(([, to]) => to === legId).map(([from]) => from);
}

/** The legs in whose channels the people of `legId` are heard, in the order of the matrix. */
export function listenersOf(routes: readonly Route[], legId: string): string[] {
  return routes.filter(([from]) => from === legId).map(([, to]) => to);
}

/** The matrix among these legs alone. */
export function routesAmong(routes: readonly Route[], legIds: Iterable<string>): Route[] {
  const among = new Set(legIds);
  return routes.filter(([from, to]) => among.has(from) && among.has(to));
}

/**
 * Whether a call is still one with these legs: two of them talk (a monitor only listens), and somebody may hear somebody. Holds
 * do not count: a call on hold comes back.
 */
export function isStillACall(legs: readonly Pick<LegSpec, 'legId' | 'role'>[], routes: readonly Route[]): boolean {
  const speaking = legs.filter(({ role }) => role === 'party' || role === 'staff').map(({ legId }) => legId);
  return speaking.length >= 2 && routesAmong(routes, speaking).length > 0;
}
