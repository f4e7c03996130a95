import { PatchbayError } from '@patchbay/shared/errors';
import { type Match, type Ticket, type TicketInput, ticketSchema } from '@patchbay/shared/match';
import { Claims } from './claims.ts';
import { policyOf, SIDES, spotOf } from './lanes.ts';
import { Look } from './look.ts';
import type { Registry } from './policies/registry.ts';
import { waited } from './policies/rules.ts';
import { notBefore, type Outcome } from './policy.ts';
import { OVERDUE_RANK, Queue, type Queued } from './queue.ts';
import type { SqlHost } from './sql.ts';
import { Waits } from './waits.ts';

/** A match whose tickets are taken out of the queue: its session is to be started. */
export interface Claim extends Match {
  sessionId: string;
}
export interface MatchingOptions {
  registry: Registry;
  /** How long a claim may stay unconfirmed. Milliseconds. */
  claimMs: number;
  newSessionId: (now: number) => string;
}

/** After so long priority no longer counts: those who wait longer go before all others, oldest first. Milliseconds. */
export const OVERDUE_MS = 120_000;
/** What one pass does at most: it holds up everybody else, and each claim starts a session. */
const MATCHES_AT_ONCE = 500;
const RESTED_AT_ONCE = 500;
const OVERDUE_AT_ONCE = 500;
const LANES_AT_ONCE = 64;
const RANKS_AT_ONCE = 32;
const EXPIRED_AT_ONCE = 500;

/**
 * The matchmaker without its surroundings: every change of a queue, each one transaction on the storage that it is given. Nothing
 * that counts is kept in memory, so a crash at any point leaves what the last transaction wrote.
 */
export class Matching {
  readonly #host: SqlHost;
  readonly #options: MatchingOptions;
  readonly #queue: Queue;
  readonly #claims: Claims;
  readonly #waits: Waits;
  readonly #look: Look;
  /** The lane that was looked at last. Lost with the object, which costs no more than a round. */
  #laneCursor = '';

  constructor(host: SqlHost, options: MatchingOptions) {
    this.#host = host;
    this.#options = options;
    this.#queue = new Queue(host.sql);
    this.#claims = new Claims(host.sql);
    this.#waits = new Waits(host.sql);
    this.#look = new Look(this.#queue, options.registry);
  }

  /**
   * Queues a ticket and matches it at once. A ticket that is known already, or done with, stays as it is.
   *
   * @throws {PatchbayError} `ticket_invalid`, naming the field
   */
  enqueue(input: TicketInput, now: number): Claim[] {
    const parsed = ticketSchema.safeParse(input);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new PatchbayError('ticket_invalid', `Mend the ticket: ${issue?.path.join('.')} ${issue?.message}.`);
    }
    const ticket = parsed.data;
    return this.#host.transactionSync(() => {
      if (this.#queue.has(ticket.ticketId) || this.#claims.knows(ticket.ticketId)) return [];
      return this.#arrive({ ticket, failures: 0 }, now);
    });
  }

  /** Takes a ticket back, for good. While it is claimed this cancels: it will not return to the queue. */
  withdraw(ticketId: string, now: number): void {
    this.#host.transactionSync(() => {
      this.#queue.remove(ticketId);
      this.#claims.cancel(ticketId);
      this.#claims.finish(ticketId, now);
    });
  }

  /** How a claim went. A second call finds no claim and changes nothing. */
  settle(sessionId: string, outcome: Outcome, now: number): Claim[] {
    return this.#host.transactionSync(() => {
      const back: Queued[] = [];
      for (const { ticket, failures, cancelled, claimedAt } of this.#claims.take(sessionId)) {
        const { ticketId } = ticket;
        if (outcome.kind === 'confirm') {
          const { lane, side } = this.#spotOf(ticket);
          this.#waits.note(lane, side, waited(ticket, claimedAt), now);
          this.#claims.finish(ticketId, now);
        } else if (cancelled || outcome.gone.includes(ticketId)) {
          this.#claims.finish(ticketId, now);
        } else {
          const restUntil = notBefore(ticketId, outcome, failures, now);
          const again = { ticket, failures: failures + (outcome.blamed.includes(ticketId) ? 1 : 0) };
          if (restUntil > now) this.#queue.rest(again, this.#spotOf(ticket), restUntil);
          else back.push(again);
        }
      }
      back.sort((left, right) => right.ticket.priority - left.ticket.priority || left.ticket.at - right.ticket.at);
      return back.flatMap((each) => this.#arrive(each, now));
    });
  }

  /**
   * Matches what time has made possible: rests that are over, tickets that now take anybody, tickets hidden behind a crowd.
   *
   * @returns claims, and whether there was more to do than one pass may
   */
  pass(now: number): { claims: Claim[]; more: boolean } {
    return this.#host.transactionSync(() => {
      const rested = this.#queue.rested(now, RESTED_AT_ONCE);
      for (const each of rested) this.#queue.add(each, this.#spotOf(each.ticket));
      const claims: Claim[] = [];
      for (const lane of this.#nextLanes()) {
        this.#promote(lane, now);
        while (claims.length < MATCHES_AT_ONCE) {
          const matches = this.#look.inLane(lane, now).slice(0, MATCHES_AT_ONCE - claims.length);
          if (matches.length === 0) break;
          for (const match of matches) claims.push(this.#claim(match, now));
        }
        this.#laneCursor = lane;
        if (claims.length >= MATCHES_AT_ONCE) break;
      }
      this.#claims.forgetOld(now);
      return { claims, more: claims.length >= MATCHES_AT_ONCE || rested.length === RESTED_AT_ONCE };
    });
  }

  /** Sessions that must be asked how their claim went. */
  expired(now: number): string[] {
    return this.#claims.expired(now, EXPIRED_AT_ONCE);
  }

  nextExpiry(): number | null {
    return this.#claims.nextExpiry();
  }

  isEmpty(): boolean {
    return this.#queue.isEmpty();
  }

  /** As {@link Queue.place}. */
  place(ticketId: string): number | null {
    return this.#queue.place(ticketId);
  }

  /** How long tickets like this one waited lately, in milliseconds; null when unknown, or when it does not wait. */
  expectedWait(ticketId: string, now: number): number | null {
    const ticket = this.#queue.find(ticketId);
    if (!ticket) return null;
    const { lane, side } = this.#spotOf(ticket);
    return this.#waits.expected(lane, side, now);
  }

  /** Lanes in turn, so that a busy one does not keep the others waiting. */
  #nextLanes(): string[] {
    const behind = this.#queue.lanes(this.#laneCursor, LANES_AT_ONCE);
    if (this.#laneCursor === '' || behind.length === LANES_AT_ONCE) return behind;
    const before = this.#queue.lanes('', LANES_AT_ONCE - behind.length);
    return [...behind, ...before.filter((lane) => lane <= this.#laneCursor)];
  }

  #spotOf(ticket: Ticket) {
    return spotOf(ticket, this.#options.registry);
  }

  /** A ticket that is in no table: matched with those who wait, or put among them. */
  #arrive(newcomer: Queued, now: number): Claim[] {
    const spot = this.#spotOf(newcomer.ticket);
    const match = this.#look.forNewcomer(spot.lane, spot.side, newcomer.ticket, now);
    if (match) return [this.#claim(match, now, newcomer)];
    this.#queue.add(newcomer, spot);
    const policy = policyOf(spot.lane, this.#options.registry);
    if (policy.arrive) return [];
    return this.#look.inLane(spot.lane, now).map((each) => this.#claim(each, now));
  }

  #claim(match: Match, now: number, newcomer?: Queued): Claim {
    const sessionId = this.#options.newSessionId(now);
    for (const { ticketId } of match.tickets) {
      const taken = ticketId === newcomer?.ticket.ticketId ? newcomer : this.#queue.take(ticketId);
      // Policies were shown what waits, in this transaction.
      if (!taken) throw new PatchbayError('ticket_missing', `Ticket ${ticketId} was matched but does not wait.`);
      this.#claims.add(sessionId, taken, now, now + this.#options.claimMs);
    }
    return { sessionId, ...match };
  }

  /** Where priorities differ, those who waited too long go before all: nobody starves. */
  #promote(lane: string, now: number): void {
    for (const side of SIDES) {
      const ranks = this.#queue.ranks(lane, side, RANKS_AT_ONCE);
      if (ranks.length < 2) continue;
      const ordinary = ranks.filter((rank) => rank !== OVERDUE_RANK);
      let left = OVERDUE_AT_ONCE;
      for (const rank of ordinary) {
        const overdue = left > 0 ? this.#queue.olderThan(lane, side, rank, now - OVERDUE_MS, left) : [];
        left -= overdue.length;
        for (const ticketId of overdue) {
          const queued = this.#queue.take(ticketId);
          if (queued) this.#queue.add(queued, this.#spotOf(queued.ticket), OVERDUE_RANK);
        }
      }
    }
  }
}
