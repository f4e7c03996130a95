/** The queue on its real storage: crowds, places, waits, rests. */
import type { TicketInput } from '@patchbay/shared/match';
import { expect, test, vi } from 'vitest';
import { type Claim, Matching, OVERDUE_MS } from '../src/matchmaker/matching.ts';
import { bridge } from '../src/matchmaker/policies/bridge.ts';
import type { MatchPolicy } from '../src/matchmaker/policies/policy.ts';
import { registryOf } from '../src/matchmaker/policies/registry.ts';
import { LANGUAGE_FIRST_MS } from '../src/matchmaker/policies/rules.ts';
import { BLAMED_REST_MS } from '../src/matchmaker/policy.ts';
import { NodeSql } from './node-sql.ts';

const NOW = 1_000_000;
const matchingWith = (...policies: MatchPolicy[]) => {
  const ids = (function* () {
    for (let id = 1; ; id += 1) yield `session-${id}`;
  })();
  const newSessionId = () => ids.next().value ?? '';
  return new Matching(new NodeSql(), { registry: registryOf(policies), claimMs: 10_000, newSessionId });
};
const ticket = (ticketId: string, guildId: number, more: Partial<TicketInput> = {}): TicketInput => ({
  ticketId,
  guildId: String(guildId),
  channelId: '1',
  at: NOW,
  ...more,
});
const names = (claims: Claim[]) => claims.map((claim) => claim.tickets.map((each) => each.ticketId).join('+'));
const abort = (blamed: string[]) => ({ kind: 'abort' as const, blamed, gone: [] });
/** Zeros in front: the order of equal instants is that of the ids. */
const numbered = (index: number) => `t${String(index).padStart(6, '0')}`;

test('a crowd of one guild hides nobody, neither from a newcomer nor from a pass', () => {
  const matching = matchingWith();
  for (let index = 0; index < 3_000; index += 1) {
    matching.enqueue(ticket(numbered(index), 1, { language: 'en', at: NOW + index }), NOW);
  }
  const now = NOW + 3_000;
  expect(names(matching.enqueue(ticket('italian', 2, { language: 'it', at: now }), now))).toEqual([]);
  expect(names(matching.enqueue(ticket('english', 3, { language: 'en', at: now }), now))).toEqual(['t000000+english']);
  // It is behind the crowd when it and the first of the crowd begin to take anybody.
  expect(matching.pass(now + LANGUAGE_FIRST_MS - 1).claims).toEqual([]);
  expect(names(matching.pass(now + LANGUAGE_FIRST_MS).claims)).toEqual(['t000001+italian']);
});

test('behind more groups than one look takes, the next looks go on', () => {
  const matching = matchingWith();
  // A crowd of one guild in 1,200 groups: each ticket blocks somebody else.
  for (let index = 0; index < 1_200; index += 1) {
    matching.enqueue(ticket(numbered(index), 5, { blocks: [String(1_000 + index)], at: NOW + index }), NOW);
  }
  // Two that cannot talk with the crowd, with each other only after a while, and whose groups are the first and the last by name.
  const more = { blocks: ['5'], at: NOW + 5_000 };
  matching.enqueue(ticket('italian', 1, { ...more, language: 'it' }), NOW + 5_000);
  matching.enqueue(ticket('english', 9, { ...more, at: NOW + 5_001, language: 'en' }), NOW + 5_001);
  const now = NOW + 5_001 + LANGUAGE_FIRST_MS;
  const looks = Array.from({ length: 15 }, () => matching.pass(now).claims);
  expect(names(looks.flat())).toEqual(['italian+english']);
  expect(looks[0]).toEqual([]);
});

test('a backlog is matched in bounded passes, oldest first', () => {
  const lonely = { ...bridge, name: 'asleep', match: () => [], arrive: () => null };
  const matching = matchingWith({ ...lonely, match: (tickets, now) => (now > NOW ? bridge.match(tickets, now) : []) });
  for (let index = 0; index < 2_400; index += 1) {
    matching.enqueue(ticket(numbered(index), index, { policy: 'asleep', at: index }), NOW);
  }
  const first = matching.pass(NOW + 1);
  expect(first.claims).toHaveLength(500);
  expect(first.more).toBe(true);
  expect(names(first.claims).slice(0, 2)).toEqual(['t000000+t000001', 't000002+t000003']);
  expect(matching.pass(NOW + 1).claims).toHaveLength(500);
  expect(matching.pass(NOW + 1)).toMatchObject({ claims: { length: 200 }, more: false });
  expect(matching.isEmpty()).toBe(true);
});

test('priority goes first until somebody has waited very long', () => {
  const matching = matchingWith();
  matching.enqueue(ticket('patient', 1), NOW);
  matching.enqueue(ticket('urgent', 1, { priority: 5, at: NOW + 1 }), NOW + 1);
  expect(matching.place('urgent')).toBe(1);
  expect(matching.place('patient')).toBe(2);
  matching.pass(NOW + OVERDUE_MS - 1);
  expect(matching.place('patient')).toBe(2);
  matching.pass(NOW + OVERDUE_MS);
  expect(matching.place('patient')).toBe(1);
  expect(names(matching.enqueue(ticket('other', 2, { at: NOW + OVERDUE_MS }), NOW + OVERDUE_MS))).toEqual([
    'patient+other',
  ]);
});

test('the blamed side rests longer each time and keeps its place; the other goes on at once', () => {
  const matching = matchingWith();
  matching.enqueue(ticket('broken', 1), NOW);
  let now = NOW;
  for (const rest of [BLAMED_REST_MS, 2 * BLAMED_REST_MS, 4 * BLAMED_REST_MS]) {
    const [claim] = matching.enqueue(ticket(`good${now}`, 2, { at: now }), now);
    expect(names(claim ? [claim] : [])).toEqual([`broken+good${now}`]);
    expect(names(matching.enqueue(ticket(`third${now}`, 3, { at: now }), now))).toEqual([]);
    const again = matching.settle(claim?.sessionId ?? '', abort(['broken']), now);
    expect(names(again)).toEqual([`third${now}+good${now}`]);
    expect(matching.settle(claim?.sessionId ?? '', abort([]), now)).toEqual([]);
    expect(matching.place('broken')).toBe(1);
    expect(matching.enqueue(ticket('broken', 1), now)).toEqual([]);
    matching.pass(now + rest - 1);
    const early = ticket(`early${now}`, 4, { at: now });
    expect(matching.enqueue(early, now + rest - 1)).toEqual([]);
    matching.withdraw(early.ticketId, now + rest - 1);
    now += rest;
    matching.pass(now);
  }
});

test('the place is counted for the first thousand and estimated behind them', () => {
  const matching = matchingWith();
  for (let index = 0; index < 3_000; index += 1) {
    matching.enqueue(ticket(numbered(index), 1, { at: NOW + 10 * index }), NOW);
  }
  for (const index of [0, 1, 500, 999]) expect(matching.place(numbered(index))).toBe(index + 1);
  const estimate = matching.place(numbered(2_500)) ?? 0;
  expect(Math.abs(estimate - 2_501)).toBeLessThan(10);
  expect(matching.place('nobody')).toBeNull();
  // A ticket of another age has a place of its own.
  matching.enqueue(ticket('adult', 1, { ageRestricted: true }), NOW);
  expect(matching.place('adult')).toBe(1);
});

test('the expected wait follows the recent matches of the same side', () => {
  const matching = matchingWith();
  const desk = { mode: 'support' as const };
  matching.enqueue(ticket('caller0', 1, { ...desk, side: 'caller' }), NOW);
  expect(matching.expectedWait('caller0', NOW)).toBeNull();
  const at = NOW + 4_000;
  const [claim] = matching.enqueue(ticket('staff0', 1, { ...desk, side: 'staff', at }), at);
  matching.settle(claim?.sessionId ?? '', { kind: 'confirm' }, at + 500);
  matching.enqueue(ticket('caller1', 1, { ...desk, side: 'caller', at }), at);
  expect(matching.expectedWait('caller1', at)).toBe(4_000);
  expect(matching.expectedWait('caller1', at + 3_700_000)).toBeNull();
  matching.enqueue(ticket('bridge', 1, { at }), at);
  expect(matching.expectedWait('bridge', at)).toBeNull();
});

test('a custom group is made when its last seat is taken', () => {
  const matching = matchingWith();
  const matrix = { size: 3, routes: [[0, 1] as [number, number], [0, 2] as [number, number]], reserved: [0] };
  const seat = (name: string, more = {}) => ticket(name, 1, { mode: 'custom', matrix, ...more });
  expect([...matching.enqueue(seat('a'), NOW), ...matching.enqueue(seat('b'), NOW)]).toEqual([]);
  const [claim] = matching.enqueue(seat('speaker', { seat: 0 }), NOW);
  expect(claim).toMatchObject({ mode: 'custom', routes: matrix.routes, tickets: { 0: { ticketId: 'speaker' } } });
});

test('a policy that breaks the rules is told and has no effect; one that is unknown gives way to that of the mode', () => {
  const told = vi.spyOn(console, 'error').mockReturnValue();
  const match: MatchPolicy['match'] = (tickets) =>
    tickets.length < 2 ? [] : [{ mode: 'bridge', tickets: tickets.slice(0, 2), routes: [[0, 7]] }];
  const matching = matchingWith({ name: 'broken', group: () => '', match });
  const broken = { policy: 'broken' };
  matching.enqueue(ticket('a', 1, broken), NOW);
  expect(matching.enqueue(ticket('b', 2, broken), NOW)).toEqual([]);
  expect(told.mock.calls.flat().join()).toContain('match policy broken: 1 matches were dropped: route 0 to 7');
  told.mockRestore();
  matching.enqueue(ticket('c', 1, { policy: 'removed' }), NOW);
  expect(names(matching.enqueue(ticket('d', 2, { policy: 'removed' }), NOW))).toEqual(['c+d']);
});

test('a ticket that is no ticket is refused with the field that is wrong', () => {
  expect(() => matchingWith().enqueue(ticket('x', 1, { language: 'English' }), NOW)).toThrow(
    'Mend the ticket: language',
  );
});
