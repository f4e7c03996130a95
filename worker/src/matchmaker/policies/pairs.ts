import type { Ticket } from '@patchbay/shared/match';

/** May two meet? `last`: only when neither finds anybody else. */
export type Meeting = 'yes' | 'last' | 'no';

export interface PairRules {
  /** As {@link MatchPolicy.group}. */
  group(ticket: Ticket): string;
  meet(left: Ticket, right: Ticket, now: number): Meeting;
}

/** A group's unpaired tickets in order; those before `head` are taken. */
interface Line {
  waiting: { ticket: Ticket; order: number }[];
  head: number;
}

/**
 * Pairs tickets: each meets the earliest that it may. Everybody ranks the others by the same order, so the result is the one stable
 * matching: no two are left that would both rather have met each other. Only the heads of groups are looked at, so a
 * crowd of one kind costs nothing.
 *
 * @returns pairs, the earlier ticket of each first
 */
export function pairUp(tickets: readonly Ticket[], now: number, rules: PairRules): [Ticket, Ticket][] {
  const first = pass(tickets, rules, (left, right) => rules.meet(left, right, now) === 'yes');
  const second = pass(first.rest, rules, (left, right) => rules.meet(left, right, now) !== 'no');
  return [...first.pairs, ...second.pairs];
}

/** The earliest candidate that the newcomer may meet; one whom it may meet only at last is left to the next pass. */
export function firstPartner(
  newcomer: Ticket,
  candidates: Iterable<Ticket>,
  now: number,
  rules: PairRules,
): Ticket | null {
  for (const candidate of candidates) if (rules.meet(candidate, newcomer, now) === 'yes') return candidate;
  return null;
}

function pass(tickets: readonly Ticket[], rules: PairRules, may: (left: Ticket, right: Ticket) => boolean) {
  const lines = new Map<string, Line>();
  const pairs: [Ticket, Ticket][] = [];
  for (const [order, ticket] of tickets.entries()) {
    let best: { key: string; line: Line; ticket: Ticket; order: number } | null = null;
    for (const [key, line] of lines) {
      const head = line.waiting[line.head];
      if (head && (!best || head.order < best.order) && may(head.ticket, ticket)) best = { key, line, ...head };
    }
    if (best) {
      pairs.push([best.ticket, ticket]);
      best.line.head += 1;
      if (best.line.head === best.line.waiting.length) lines.delete(best.key);
      continue;
    }
    // Within one priority the order is that of age, and who waited longer accepts more: the head speaks for its line.
    const key = `${ticket.priority}|${rules.group(ticket)}`;
    const line = lines.get(key);
    if (line) line.waiting.push({ ticket, order });
    else lines.set(key, { waiting: [{ ticket, order }], head: 0 });
  }
  const rest = [...lines.values()]
    .flatMap(({ waiting, head }) => waiting.slice(head))
    .sort((left, right) => left.order - right.order)
    .map(({ ticket }) => ticket);
  return { pairs, rest };
}
