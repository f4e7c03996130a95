import { type TicketInput, ticketSchema } from '@patchbay/shared/match';
import { describe, expect, test } from 'vitest';
import { speedDating } from '../../../../examples/match-policy/speed-dating.ts';
import { bridge } from './bridge.ts';
import { violationsOf } from './contract.ts';
import { custom } from './custom.ts';
import type { MatchPolicy } from './policy.ts';
import { registryOf } from './registry.ts';
import { LANGUAGE_FIRST_MS, REGION_FIRST_MS, REMATCH_REST_MS } from './rules.ts';
import { support } from './support.ts';

const NOW = 1_000_000;
/** The name says the guild: `a1` is a ticket of guild 10. Without `at` it has just come. */
const ticket = (name: string, more: Partial<TicketInput> = {}) =>
  ticketSchema.parse({
    ticketId: name,
    guildId: String(Number.parseInt(name[0] ?? '', 36)),
    channelId: '1',
    at: NOW,
    ...more,
  });
const guild = (letter: string) => String(Number.parseInt(letter, 36));
const pairs = (policy: MatchPolicy, tickets: ReturnType<typeof ticket>[], now = NOW) =>
  policy.match(tickets, now).map((match) => match.tickets.map((each) => each.ticketId).join('+'));

describe.each([
  [bridge, 'bridge'],
  [support, 'support'],
  [custom, 'custom'],
  [speedDating, 'bridge'],
] as const)('the contract', (policy, mode) => {
  test(`is kept by ${policy.name}`, () => expect(violationsOf(policy, mode)).toEqual([]));
});

describe('the contract is broken by a policy', () => {
  const every = (make: MatchPolicy['match']): MatchPolicy => ({ name: 'x', group: () => '', match: make });
  const both = (tickets: Parameters<MatchPolicy['match']>[0], routes: [number, number][] = []) => [
    { mode: 'bridge' as const, tickets: tickets.slice(0, 2), routes },
  ];
  let calls = 0;
  test.each<[string, MatchPolicy]>([
    ['differ in age or one blocks', every((tickets) => (tickets.length < 2 ? [] : both(tickets)))],
    ['is matched already', every((tickets) => (tickets.length < 2 ? [] : [...both(tickets), ...both(tickets)]))],
    ['leaves the match', every((tickets) => (tickets.length < 2 ? [] : both(tickets, [[0, 2]])))],
    ['a ticket meets itself', every(([one]) => (one ? both([one, one]) : []))],
    ['a match has', every(([one]) => (one ? both([one]) : []))],
    ['no match in', every(() => [])],
    ['answers differ', every((tickets) => (calls++ % 2 === 0 ? [] : bridge.match(tickets, NOW)))],
    ['different lanes', { ...bridge, lane: (each) => each.guildId }],
    ['arrive matches others', { ...bridge, arrive: (_, others, now) => bridge.match([...others], now)[0] ?? null }],
  ])('that … %s', (fault, policy) => {
    expect(violationsOf(policy, 'bridge').join('; ')).toContain(fault);
  });
});

describe('bridge', () => {
  test('the first of the queue meet first, never two of one guild', () => {
    const queue = ['a1', 'a2', 'b1', 'c1', 'c2'].map((name) => ticket(name));
    expect(pairs(bridge, queue)).toEqual(['a1+b1', 'a2+c1']);
    expect(bridge.match(queue, NOW)[0]?.routes).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(pairs(bridge, [ticket('a1'), ticket('a2')])).toEqual([]);
  });

  test.each([
    ['language', LANGUAGE_FIRST_MS, { language: 'en' }, { language: 'it' }],
    ['region', REGION_FIRST_MS, { region: 'eu' }, { region: 'us' }],
  ] as const)('each insists on its %s for a while, then both take anybody', (_, patience, left, right) => {
    const at = (age: number) => ({ at: NOW - age });
    const old = ticket('a1', { ...left, ...at(patience) });
    expect(pairs(bridge, [old, ticket('b1', right), ticket('c1', left)])).toEqual(['a1+c1']);
    expect(pairs(bridge, [old, ticket('b1', { ...right, ...at(patience - 1) })])).toEqual([]);
    expect(pairs(bridge, [old, ticket('b1', { ...right, ...at(patience) })])).toEqual(['a1+b1']);
    expect(pairs(bridge, [ticket('a1', left), ticket('b1')])).toEqual(['a1+b1']);
  });

  test('the last partner is not met again at once, and later only when there is nobody else', () => {
    const [a, b] = [ticket('a1', { lastPartner: guild('b') }), ticket('b1')];
    expect(pairs(bridge, [a, b])).toEqual([]);
    expect(pairs(bridge, [a, b, ticket('c1')])).toEqual(['a1+c1']);
    const rested = { at: NOW - REMATCH_REST_MS };
    const [later, other] = [ticket('a1', { ...rested, lastPartner: guild('b') }), ticket('b1', rested)];
    expect(pairs(bridge, [later, other, ticket('c1')])).toEqual(['a1+c1']);
    expect(pairs(bridge, [later, other])).toEqual(['a1+b1']);
    expect(bridge.arrive?.(other, [later], NOW)).toBeNull();
  });

  test('blocks count both ways, and ages never mix', () => {
    const blocking = ticket('a1', { blocks: [guild('b')] });
    expect(pairs(bridge, [blocking, ticket('b1')])).toEqual([]);
    expect(pairs(bridge, [ticket('b1'), blocking])).toEqual([]);
    expect(pairs(bridge, [ticket('a1', { ageRestricted: true }), ticket('b1')])).toEqual([]);
  });
});

describe('support', () => {
  const caller = (name: string, more = {}) => ticket(name, { mode: 'support', side: 'caller', ...more });
  const staff = (name: string, more = {}) => ticket(name, { mode: 'support', staff: true, ...more });

  test('the first caller gets the staff that is free for longest, the caller first', () => {
    expect(pairs(support, [staff('s1'), caller('a1'), staff('s2'), caller('b1')])).toEqual(['a1+s1', 'b1+s2']);
    expect(pairs(support, [caller('a1'), caller('b1')])).toEqual([]);
    expect(pairs(support, [staff('s1'), staff('s2')])).toEqual([]);
  });

  test('a desk serves its own guild, but nobody that it blocks', () => {
    expect(pairs(support, [caller('s9'), staff('s1')])).toEqual(['s9+s1']);
    expect(pairs(support, [caller('a1'), staff('s1', { blocks: [guild('a')] })])).toEqual([]);
  });

  test('a caller first waits for staff of the same language', () => {
    const italian = caller('a1', { language: 'it' });
    expect(pairs(support, [staff('s1', { language: 'en' }), staff('s2', { language: 'it' }), italian])).toEqual([
      'a1+s2',
    ]);
    expect(pairs(support, [staff('s1', { language: 'en' }), italian])).toEqual([]);
  });
});

describe('custom', () => {
  const routes: [number, number][] = [
    [0, 1],
    [0, 2],
  ];
  const matrix = { size: 3, routes, reserved: [0] };
  const listener = (name: string, more = {}) => ticket(name, { mode: 'custom', matrix, ...more });

  test('a broadcast waits for its speaker and as many listeners as it has seats', () => {
    const queue = [listener('a1'), listener('b1'), listener('c1')];
    expect(pairs(custom, queue)).toEqual([]);
    queue.push(listener('z1', { seat: 0 }));
    expect(pairs(custom, queue)).toEqual(['z1+a1+b1']);
    expect(custom.match(queue, NOW)[0]?.routes).toEqual(routes);
  });

  test('a blocked listener is passed over, and tickets of other matrices do not meet', () => {
    const speaker = listener('z1', { seat: 0, blocks: [guild('a')] });
    expect(pairs(custom, [listener('a1'), listener('b1'), speaker, listener('c1')])).toEqual(['z1+b1+c1']);
    expect(pairs(custom, [listener('b1'), speaker, ticket('c1', { mode: 'custom' })])).toEqual([]);
  });

  test('without a matrix two meet; a named seat is kept', () => {
    expect(pairs(custom, [ticket('a1', { mode: 'custom', seat: 1 }), ticket('b1', { mode: 'custom' })])).toEqual([
      'b1+a1',
    ]);
  });
});

test('two policies of one name are refused', () => {
  expect(() => registryOf([bridge])).toThrow('rename one');
});

test('a matrix that routes outside of itself is refused', () => {
  const wrong = { size: 2, routes: [[0, 2]] };
  expect(() => ticket('a1', { matrix: wrong as never })).toThrow('counted from 0');
});
