import { fullRoutes, type Match, type Ticket } from '@patchbay/shared/match';
import type { MatchPolicy } from '../../worker/src/matchmaker/policies/policy.ts';
import { forbidden, justTalked } from '../../worker/src/matchmaker/policies/rules.ts';

/** A round begins each full minute. Milliseconds. */
const ROUND_MS = 60_000;

/**
 * Speed dating: nobody is matched on arrival. When a round begins, all who came before it are seated in two rows that face each
 * other; the second row is turned by one seat each round, so that the same queue makes other couples each time.
 */
export const speedDating: MatchPolicy = {
  name: 'speed-dating',

  // Whoever is behind a crowd of one guild is found by the guild.
  group: (ticket) => ticket.guildId,

  match(tickets, now) {
    const round = Math.floor(now / ROUND_MS);
    const present = tickets.filter((ticket) => ticket.at < round * ROUND_MS);
    const half = Math.floor(present.length / 2);
    const matches: Match[] = [];
    for (let seat = 0; seat < half; seat += 1) {
      const left = present[seat];
      const right = present[half + ((seat + round) % half)];
      if (left && right && mayMeet(left, right)) {
        matches.push({ mode: left.mode, tickets: [left, right], routes: fullRoutes(2) });
      }
    }
    return matches;
  },
};

/** `forbidden` is what no policy may do; the rest is this one's taste. */
function mayMeet(left: Ticket, right: Ticket): boolean {
  return left.guildId !== right.guildId && !forbidden(left, right) && !justTalked(left, right);
}
