import { fullRoutes, type Match, type Ticket } from '@patchbay/shared/match';
import { firstPartner, type Meeting, type PairRules, pairUp } from './pairs.ts';
import type { MatchPolicy } from './policy.ts';
import { forbidden, kindOf, sideOf, speakable } from './rules.ts';

const rules: PairRules = {
  group: (ticket) => `${sideOf(ticket)}|${kindOf(ticket)}`,
  meet(left, right, now): Meeting {
    if (sideOf(left) === sideOf(right) || forbidden(left, right)) return 'no';
    return speakable(left, right, now) ? 'yes' : 'no';
  },
};

function matchOf(left: Ticket, right: Ticket): Match {
  const tickets = sideOf(left) === 'caller' ? [left, right] : [right, left];
  return { mode: 'support', tickets, routes: fullRoutes(2) };
}

/**
 * Pairs the first caller with the staff channel that is free for longest; the caller is the first ticket of the match. Both may be
 * of one guild: a guild's own desk is a pool named by its id.
 */
export const support: MatchPolicy = {
  name: 'support',
  group: rules.group,
  match: (tickets, now) => pairUp(tickets, now, rules).map((pair) => matchOf(...pair)),
  arrive(ticket, candidates, now) {
    const partner = firstPartner(ticket, candidates, now, rules);
    return partner && matchOf(partner, ticket);
  },
};
