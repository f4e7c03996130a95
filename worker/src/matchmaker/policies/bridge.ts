import { fullRoutes, type Match, type Ticket } from '@patchbay/shared/match';
import { firstPartner, type Meeting, type PairRules, pairUp } from './pairs.ts';
import type { MatchPolicy } from './policy.ts';
import { forbidden, justTalked, kindOf, REMATCH_REST_MS, speakable, waited } from './rules.ts';

const rulesOf = (rematchRestMs: number): PairRules => ({
  group: kindOf,
  meet(left, right, now): Meeting {
    if (left.guildId === right.guildId || forbidden(left, right) || !speakable(left, right, now)) return 'no';
    if (!justTalked(left, right)) return 'yes';
    return Math.min(waited(left, now), waited(right, now)) >= rematchRestMs ? 'last' : 'no';
  },
});

const matchOf = (...tickets: [Ticket, Ticket]): Match => ({ mode: 'bridge', tickets, routes: fullRoutes(2) });

/**
 * Pairs channels of different guilds. One's own language is insisted on for 20 s and one's own region for 10 s; the last partner is
 * not met again for `rematchRestMs`, and then only when there is nobody else.
 */
export function bridgeOf(rematchRestMs: number): MatchPolicy {
  const rules = rulesOf(rematchRestMs);
  return {
    name: 'bridge',
    group: rules.group,
    avoids: ({ guildId }) => `${guildId}|`,
    match: (tickets, now) => pairUp(tickets, now, rules).map((pair) => matchOf(...pair)),
    arrive(ticket, candidates, now) {
      const partner = firstPartner(ticket, candidates, now, rules);
      return partner && matchOf(partner, ticket);
    },
  };
}

/** With the rest that is the default of `REMATCH_REST_MS`. */
export const bridge = bridgeOf(REMATCH_REST_MS);
