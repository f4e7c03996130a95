import { MATCH_MAX_TICKETS, type Match, type Ticket } from '@patchbay/shared/match';
import { forbidden } from './rules.ts';

/**
 * What is wrong with the matches of a policy: a sentence for each, none when all is well. The matchmaker drops matches with a fault,
 * so that a policy can be useless but not harmful.
 */
export function faultsOf(matches: readonly Match[], given: readonly Ticket[]): Map<Match, string> {
  const free = new Map(given.map((ticket) => [ticket.ticketId, ticket]));
  const faults = new Map<Match, string>();
  for (const match of matches) {
    const fault = faultOf(match, free);
    if (fault) faults.set(match, fault);
    else for (const ticket of match.tickets) free.delete(ticket.ticketId);
  }
  return faults;
}

function faultOf({ tickets, routes }: Match, free: ReadonlyMap<string, Ticket>): string | null {
  if (tickets.length < 2 || tickets.length > MATCH_MAX_TICKETS) {
    return `a match has 2 to ${MATCH_MAX_TICKETS} tickets, not ${tickets.length}`;
  }
  if (new Set(tickets.map((ticket) => ticket.ticketId)).size < tickets.length) return 'a ticket meets itself';
  for (const ticket of tickets) {
    if (!free.has(ticket.ticketId)) return `ticket ${ticket.ticketId} was not given, or is matched already`;
  }
  const inside = (index: number) => Number.isInteger(index) && index >= 0 && index < tickets.length;
  for (const [from, to] of routes) {
    if (!inside(from) || !inside(to) || from === to)
      return `route ${from} to ${to} leaves the match or leads to itself`;
  }
  for (const [index, left] of tickets.entries()) {
    for (const right of tickets.slice(index + 1)) {
      if (forbidden(left, right)) return `${left.ticketId} and ${right.ticketId} differ in age or one blocks the other`;
    }
  }
  return null;
}
