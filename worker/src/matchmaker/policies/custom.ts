import { fullRoutes, type Match, type Matrix, type Ticket } from '@patchbay/shared/match';
import type { MatchPolicy } from './policy.ts';
import { forbidden } from './rules.ts';

/** Without a matrix a custom ticket waits for one other and both hear each other. */
const PAIR: Matrix = { size: 2, routes: fullRoutes(2), reserved: [] };

const matrixOf = (ticket: Ticket): Matrix => ticket.matrix ?? PAIR;

/** Routes and reserved seats are sets: in another order they are the same matrix. */
function nameOf({ size, routes, reserved }: Matrix): string {
  const arrows = new Set(routes.map(([from, to]) => `${from}>${to}`));
  return `${size}:${[...arrows].sort().join(',')}:${[...new Set(reserved)].sort().join(',')}`;
}

/** A seat that the matrix has not is no wish. */
const seatOf = (ticket: Ticket): number | undefined =>
  ticket.seat !== undefined && ticket.seat < matrixOf(ticket).size ? ticket.seat : undefined;

/** One match in the making: who sits where, and who takes what is left. */
class Table {
  readonly #matrix: Matrix;
  readonly #seated = new Map<number, Ticket>();
  readonly #anywhere: Ticket[] = [];
  readonly #kept: Set<number>;

  constructor(matrix: Matrix) {
    this.#matrix = matrix;
    this.#kept = new Set(matrix.reserved);
  }

  get isFull(): boolean {
    return this.#seated.size + this.#anywhere.length === this.#matrix.size;
  }

  /** Takes the ticket if there is a seat for it and nobody at the table minds. */
  offer(ticket: Ticket): void {
    const seat = seatOf(ticket);
    if (seat !== undefined && this.#seated.has(seat)) return;
    const kept = seat === undefined || this.#kept.has(seat) ? this.#kept.size : this.#kept.size + 1;
    const anywhere = this.#anywhere.length + (seat === undefined ? 1 : 0);
    if (kept + anywhere > this.#matrix.size) return;
    if ([...this.#seated.values(), ...this.#anywhere].some((member) => forbidden(member, ticket))) return;
    if (seat === undefined) {
      this.#anywhere.push(ticket);
    } else {
      this.#kept.add(seat);
      this.#seated.set(seat, ticket);
    }
  }

  /** The match of a full table. */
  match(): Match {
    const others = this.#anywhere.values();
    const seats = Array.from({ length: this.#matrix.size }, (_, seat) => this.#seated.get(seat) ?? others.next().value);
    return { mode: 'custom', tickets: seats.filter((ticket) => ticket !== undefined), routes: this.#matrix.routes };
  }
}

function matchLane(tickets: readonly Ticket[]): Match[] {
  const [first] = tickets;
  if (!first) return [];
  const matrix = matrixOf(first);
  const missing = matrix.reserved.some((seat) => !tickets.some((ticket) => seatOf(ticket) === seat));
  if (missing) return [];
  const matches: Match[] = [];
  const used = new Set<Ticket>();
  for (const [index, leader] of tickets.entries()) {
    if (tickets.length - used.size < matrix.size) break;
    if (used.has(leader)) continue;
    const table = new Table(matrix);
    table.offer(leader);
    for (const ticket of tickets.slice(index + 1)) {
      if (table.isFull) break;
      if (!used.has(ticket)) table.offer(ticket);
    }
    if (!table.isFull) continue;
    const match = table.match();
    for (const ticket of match.tickets) used.add(ticket);
    matches.push(match);
  }
  return matches;
}

/**
 * Groups as many tickets as their matrix has seats, the earliest first. `matrix` and `seat` are data of the ticket. Several channels
 * of one guild may be in one group.
 *
 * @example // A broadcast to two: the speaker's ticket has `seat: 0`, the listeners' have none.
 * { size: 3, routes: [[0, 1], [0, 2]], reserved: [0] }
 */
export const custom: MatchPolicy = {
  name: 'custom',
  lane: (ticket) => nameOf(matrixOf(ticket)),
  group: (ticket) => String(seatOf(ticket) ?? ''),
  match: (tickets) =>
    [...Map.groupBy(tickets, (ticket) => nameOf(matrixOf(ticket))).values()].flatMap((lane) => matchLane(lane)),
};
