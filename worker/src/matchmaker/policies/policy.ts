import type { Match, Ticket } from '@patchbay/shared/match';

/**
 * Decides who meets whom. A policy is pure: it reads its arguments and nothing else (no clock, no chance, no memory), so that the
 * same queue gives the same matches and a crash changes nothing. `docs/match-policies.md` shows how to write and register one.
 *
 * The matchmaker does the rest: it keeps tickets of different ages, modes and policies apart, claims what is matched, starts the
 * session, and gives tickets back to their places when it cannot start. It drops a match that breaks the rules of
 * `check.ts` and goes on.
 */
export interface MatchPolicy {
  /** What `ticket.policy` says. The names of the modes are the policies that those use by default. */
  readonly name: string;

  /** Tickets of different lanes never meet: less to look through. Without it all of a policy's tickets share one lane. */
  lane?(ticket: Ticket): string;

  /**
   * Tickets of one group are alike to everybody else: whom the first of a group cannot meet, the others of it cannot either. Behind
   * a crowd of one kind the matchmaker looks for others by taking the first of each group.
   */
  group(ticket: Ticket): string;

  /**
   * How the names of groups begin that `ticket` cannot meet whatever happens, such as those of its own guild: they are not
   * even read for a newcomer.
   */
  avoids?(ticket: Ticket): string;

  /**
   * Makes matches. `tickets` come in the order of the queue: higher priority first, then older first (and before all, oldest first,
   * those that waited very long): prefer earlier ones, do not sort by `priority`. They are a window of the queue, a few
   * thousand at most, not all of it; this is called every two seconds. `now` is in milliseconds.
   */
  match(tickets: readonly Ticket[], now: number): Match[];

  /**
   * The same for one newcomer, faster: `candidates` are who waits already (on the other side, when the ticket has one), in order,
   * read as far as you iterate. Answers the newcomer's match, or null to let it wait. Without this method `match` is called with
   * a small window and the newcomer.
   */
  arrive?(ticket: Ticket, candidates: Iterable<Ticket>, now: number): Match | null;
}
