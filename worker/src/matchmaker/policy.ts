/** A voice channel waiting in a queue. */
export interface Ticket {
  ticketId: string;
  guildId: string;
  channelId: string;
  /** When it began to wait, in milliseconds: its place in the queue, kept over aborted claims. */
  at: number;
}

/**
 * Pairs tickets for bridges: oldest first, never two of one guild. `tickets` come oldest first; what stays unpaired is all of
 * one guild.
 *
 * @example pairTickets([a1, a2, b1]) // [[a1, b1]]
 */
export function pairTickets(tickets: readonly Ticket[]): [Ticket, Ticket][] {
  const pairs: [Ticket, Ticket][] = [];
  // Those that wait in here are always of one guild: anybody from another guild would have been paired at once.
  const waiting: Ticket[] = [];
  let head = 0;
  for (const ticket of tickets) {
    const oldest = waiting[head];
    if (oldest && oldest.guildId !== ticket.guildId) {
      pairs.push([oldest, ticket]);
      head += 1;
    } else {
      waiting.push(ticket);
    }
  }
  return pairs;
}

/** How a claim went. */
export type Outcome =
  | { kind: 'confirm' }
  /** `blamed` tickets back off; `gone` ones are no longer wanted by their guild; the others keep their place. */
  | { kind: 'abort'; blamed: string[]; gone: string[] };

/** How long a ticket whose side could not start waits before it is matched again. Milliseconds. */
export const BLAMED_REST_MS = 10_000;
/** When nobody is to blame (no node, say), both rest for a moment, so that they are not matched in a circle. */
export const BLAMELESS_REST_MS = 3_000;

/** When a ticket of an aborted claim may be matched again. */
export function notBefore(ticketId: string, outcome: Extract<Outcome, { kind: 'abort' }>, now: number): number {
  if (outcome.blamed.includes(ticketId)) return now + BLAMED_REST_MS;
  return outcome.blamed.length + outcome.gone.length > 0 ? 0 : now + BLAMELESS_REST_MS;
}
