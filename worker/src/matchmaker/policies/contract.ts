import { type Match, type Ticket, ticketSchema } from '@patchbay/shared/match';
import { faultsOf } from './check.ts';
import type { MatchPolicy } from './policy.ts';

/** Draws whole numbers from 0 up to, and without, `below`. */
export type Draw = (below: number) => number;

/** The same numbers for the same seed. */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const BROADCAST = { size: 3, routes: [[0, 1] as [number, number], [0, 2] as [number, number]], reserved: [0] };
const HOUR_MS = 3_600_000;

/** A ticket of few guilds and many kinds, so that everything happens often. */
export function randomTicket(draw: Draw, ticketId: string, at: number, mode: Ticket['mode']): Ticket {
  const some = <T>(...values: T[]) => values[draw(values.length)] as T;
  const guilds = ['11', '12', '13', '14', '15', '16'];
  const guildId = some(...guilds);
  return ticketSchema.parse({
    ticketId,
    guildId,
    channelId: String(100 + draw(100)),
    at,
    mode,
    priority: some(0, 0, 0, 1, 5),
    staff: draw(3) === 0,
    language: some('en', 'it', undefined),
    region: some('eu', 'us', undefined, undefined),
    ageRestricted: draw(4) === 0,
    blocks: draw(5) === 0 ? [some(...guilds)].filter((id) => id !== guildId) : [],
    lastPartner: draw(5) === 0 ? some(...guilds) : undefined,
    ...(mode === 'custom' ? { matrix: some(BROADCAST, undefined), seat: some(0, undefined, undefined) } : {}),
  });
}

/**
 * What a policy does that it must not, in sentences; none when it keeps the contract: no ticket twice, only tickets that were
 * given, routes within the match, ages and blocks respected, lanes kept apart, the same answer for the same question, arguments
 * untouched, and at least some matches.
 *
 * @example expect(violationsOf(speedDating, 'custom')).toEqual([]);
 */
export function violationsOf(policy: MatchPolicy, mode: Ticket['mode'], rounds = 200): string[] {
  const found = new Set<string>();
  let made = 0;
  for (let round = 0; round < rounds; round += 1) {
    const draw = drawFrom(round);
    const now = HOUR_MS + draw(HOUR_MS);
    const tickets = Array.from({ length: draw(40) }, (_, index) =>
      randomTicket(draw, `t${index}`, now - draw(draw(2) === 0 ? 60_000 : HOUR_MS), mode),
    ).sort((left, right) => right.priority - left.priority || left.at - right.at);
    const matches = checked(found, policy, tickets, () => policy.match(tickets, now));
    made += matches.length;
    const [newcomer] = tickets.slice(-1);
    const { arrive } = policy;
    if (!newcomer || !arrive) continue;
    const met = checked(found, policy, tickets, () => {
      const match = arrive.call(policy, newcomer, tickets.slice(0, -1).values(), now);
      return match ? [match] : [];
    });
    if (met.some((match) => !match.tickets.includes(newcomer))) found.add('arrive matches others than the newcomer');
  }
  if (made === 0) found.add(`no match in ${rounds} random queues`);
  return [...found];
}

function checked(found: Set<string>, policy: MatchPolicy, tickets: readonly Ticket[], ask: () => Match[]): Match[] {
  const before = JSON.stringify(tickets);
  const matches = ask();
  if (JSON.stringify(ask()) !== JSON.stringify(matches)) found.add('answers differ for the same question');
  if (JSON.stringify(tickets) !== before) found.add('changes its arguments');
  // Ids differ from round to round; what is wrong does not.
  for (const fault of faultsOf(matches, tickets).values()) found.add(fault.replaceAll(/\bt?\d+\b/g, 'N'));
  for (const match of matches) {
    const lanes = new Set(match.tickets.map((ticket) => policy.lane?.(ticket)));
    if (lanes.size > 1) found.add('matches tickets of different lanes');
  }
  return matches;
}
