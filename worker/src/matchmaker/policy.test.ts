import { expect, test } from 'vitest';
import { BLAMED_REST_MS, BLAMELESS_REST_MS, notBefore, pairTickets, type Ticket } from './policy.ts';

const ticket = (name: string, at: number): Ticket => ({ ticketId: `${name}${at}`, guildId: name, channelId: name, at });
const names = (pairs: [Ticket, Ticket][]) => pairs.map(([left, right]) => [left.ticketId, right.ticketId]);

test('the oldest are paired first, never two of one guild', () => {
  const queue = [ticket('a', 1), ticket('a', 2), ticket('b', 3), ticket('c', 4), ticket('c', 5)];
  expect(names(pairTickets(queue))).toEqual([
    ['a1', 'b3'],
    ['a2', 'c4'],
  ]);
  expect(pairTickets([ticket('a', 1), ticket('a', 2)])).toEqual([]);
});

test('random queues: nobody twice, no pair within a guild, who is left over is of one guild', () => {
  let state = 42;
  const random = (below: number) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
  for (let round = 0; round < 300; round += 1) {
    const queue = Array.from({ length: random(40) }, (_, at) => ticket('abcd'[random(4)] ?? 'a', at));
    const pairs = pairTickets(queue);
    const used = pairs.flat().map((each) => each.ticketId);
    expect(new Set(used).size).toBe(used.length);
    expect(pairs.every(([left, right]) => left.guildId !== right.guildId)).toBe(true);
    const rest = queue.filter((each) => !used.includes(each.ticketId));
    expect(new Set(rest.map((each) => each.guildId)).size).toBeLessThanOrEqual(1);
  }
});

test('after an abort the blamed side rests, the other is free at once', () => {
  const outcome = { kind: 'abort' as const, blamed: ['x'], gone: [] };
  expect(notBefore('x', outcome, 1000)).toBe(1000 + BLAMED_REST_MS);
  expect(notBefore('y', outcome, 1000)).toBe(0);
  expect(notBefore('y', { kind: 'abort', blamed: [], gone: [] }, 1000)).toBe(1000 + BLAMELESS_REST_MS);
});
