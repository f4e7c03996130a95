/** A routing matrix as people write it: `1*>2 1*>3`, seat 1 is heard in 2 and 3. Pure. */
import { MATCH_MAX_TICKETS, type Matrix } from '@patchbay/shared/match';
import { z } from 'zod';

/**
 * Reads routes `from>to` by seat, from 1, divided by blanks or commas; a star reserves a seat. `null`: that is no matrix. Two that
 * mean the same are equal, however they are written: only channels of equal matrices meet.
 *
 * @example parseMatrix('1*>3, 1*>2') // { size: 3, routes: [[0, 1], [0, 2]], reserved: [0] }
 */
export function parseMatrix(text: string): Matrix | null {
  const pieces = text.split(/[\s,]+/).filter((piece) => piece !== '');
  const routes = new Map<number, [number, number]>();
  const reserved = new Set<number>();
  let size = 0;
  for (const piece of pieces) {
    const [, from = '', fromStar, to = '', toStar] = /^([1-8])(\*?)>([1-8])(\*?)$/.exec(piece) ?? [];
    if (from === '' || from === to) return null;
    const route: [number, number] = [Number(from) - 1, Number(to) - 1];
    routes.set(route[0] * MATCH_MAX_TICKETS + route[1], route);
    if (fromStar) reserved.add(route[0]);
    if (toStar) reserved.add(route[1]);
    size = Math.max(size, Number(from), Number(to));
  }
  if (size < 2) return null;
  const inOrder = [...routes].sort(([a], [b]) => a - b).map(([, route]) => route);
  return { size, routes: inOrder, reserved: [...reserved].sort((a, b) => a - b) };
}

/** A matrix as it is set and shown. */
export const matrixText = z
  .string()
  .max(400)
  .refine((text) => parseMatrix(text) !== null);
