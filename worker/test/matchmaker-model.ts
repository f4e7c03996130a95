/**
 * A world around the matchmaker's storage, by seed: guilds whose messages come late, twice and out of order, sessions that start or
 * not, and crashes. It knows what must be true and says what is not.
 */
import type { Ticket } from '@patchbay/shared/match';
import { type Claim, Matching } from '../src/matchmaker/matching.ts';
import { bridge } from '../src/matchmaker/policies/bridge.ts';
import { type Draw, drawFrom, randomTicket } from '../src/matchmaker/policies/contract.ts';
import { registry } from '../src/matchmaker/policies/registry.ts';
import type { Outcome } from '../src/matchmaker/policy.ts';
import type { SqlHost } from '../src/matchmaker/sql.ts';
import { NodeSql } from './node-sql.ts';

type Message =
  | { kind: 'enqueue'; ticket: Ticket }
  | { kind: 'withdraw'; ticketId: string }
  | { kind: 'settle'; sessionId: string; outcome: Outcome }
  | { kind: 'start'; claim: Claim };
type SessionState = { tickets: Ticket[]; state: 'refused' | 'placing' | 'confirmed' | 'aborted'; outcome?: Outcome };

const TICK_MS = 2_000;
const CLAIM_MS = 10_000;
class Crash extends Error {}

/** May these two be matched, by the policy itself? */
const mayMeet = (left: Ticket, right: Ticket, now: number) => bridge.match([left, right], now).length > 0;
/** The same without the last resort of meeting the last partner again. */
const gladlyMeet = (left: Ticket, right: Ticket, now: number) =>
  bridge.arrive?.(left, [right], now) !== null && mayMeet(left, right, now);
const before = (left: Ticket, right: Ticket) =>
  left.priority >= right.priority && (left.at < right.at || (left.at === right.at && left.ticketId < right.ticketId));

export class Model {
  readonly violations: string[] = [];
  readonly counts = { arrivals: 0, matches: 0, confirmed: 0, aborted: 0, crashes: 0, expired: 0 };
  readonly #draw: Draw;
  readonly #host = new NodeSql();
  readonly #faulty: SqlHost;
  #failAfter = Number.POSITIVE_INFINITY;
  #matching: Matching;
  #now = 1_000_000;
  #lastPass = 0;
  #sessionCount = 0;
  /** Messages on their way, each due at an instant. */
  #mail: { at: number; message: Message }[] = [];
  readonly #sessions = new Map<string, SessionState>();
  readonly #tickets = new Map<string, Ticket>();
  /** Tickets that the matchmaker has taken in and must keep. */
  readonly #kept = new Set<string>();
  readonly #withdrawn = new Set<string>();
  readonly #finished = new Map<string, string>();

  constructor(seed: number) {
    this.#draw = drawFrom(seed);
    const { sql } = this.#host;
    this.#faulty = {
      sql: {
        exec: (query, ...bindings) => {
          this.#failAfter -= 1;
          if (this.#failAfter < 0) throw new Crash();
          return sql.exec(query, ...bindings);
        },
      },
      transactionSync: (work) => this.#host.transactionSync(work),
    };
    this.#matching = this.#boot();
  }

  /** Something happens. */
  step(): void {
    const chance = this.#draw(100);
    if (chance < 45) this.#newcomer();
    else if (chance < 52) this.#leaver();
    else if (chance < 54) this.#matching = this.#boot();
    else this.#advance(this.#draw(900));
    this.#deliver();
    this.#check();
  }

  /** No more arrivals and crashes, and all goes well: what is left in the end cannot be matched. */
  settle(): void {
    for (let round = 0; round < 250; round += 1) {
      this.#advance(TICK_MS, true);
      this.#deliver(true);
      this.#check();
    }
    for (const [index, left] of this.#waiting().entries()) {
      const partner = this.#waiting().find((right, at) => at > index && mayMeet(left, right, this.#now));
      if (partner) this.#say(`${left.ticketId} starves: it could meet ${partner.ticketId}`);
    }
    for (const table of ['resting', 'claimed'] as const) {
      if (this.#ids(table).length > 0) this.#say(`${table} is not empty in the end`);
    }
  }

  #boot(): Matching {
    const newSessionId = () => {
      this.#sessionCount += 1;
      return `session-${this.#sessionCount}`;
    };
    return new Matching(this.#faulty, { registry, claimMs: CLAIM_MS, newSessionId });
  }

  #newcomer(): void {
    this.counts.arrivals += 1;
    const ticket = randomTicket(this.#draw, `t${this.counts.arrivals}`, this.#now, 'bridge');
    this.#tickets.set(ticket.ticketId, ticket);
    this.#post({ kind: 'enqueue', ticket });
  }

  #leaver(): void {
    const ids = [...this.#kept];
    const ticketId = ids[this.#draw(ids.length)];
    if (ticketId === undefined) return;
    this.#withdrawn.add(ticketId);
    this.#post({ kind: 'withdraw', ticketId });
  }

  /** At least once, and sometimes much later once more. */
  #post(message: Message): void {
    this.#mail.push({ at: this.#now + this.#draw(200), message });
    if (this.#draw(4) === 0) this.#mail.push({ at: this.#now + this.#draw(30_000), message });
  }

  #advance(by: number, calm = false): void {
    this.#now += by;
    if (this.#now - this.#lastPass < TICK_MS) return;
    const claims = this.#attempt(calm, () => this.#matching.pass(this.#now).claims);
    if (!claims) return;
    this.#lastPass = this.#now;
    this.#taken(claims, this.#now);
    const waiting = this.#waiting();
    for (const [index, left] of waiting.entries()) {
      const partner = waiting.find((right, at) => at > index && mayMeet(left, right, this.#now));
      if (partner) this.#say(`a pass left ${left.ticketId} and ${partner.ticketId} waiting`);
    }
    for (const sessionId of this.#matching.expired(this.#now)) {
      this.counts.expired += 1;
      const outcome = this.#confirmOrAbort(sessionId);
      this.#handle({ kind: 'settle', sessionId, outcome }, calm);
    }
  }

  #deliver(calm = false): void {
    const due = this.#mail.filter(({ at }) => at <= this.#now).sort((left, right) => left.at - right.at);
    this.#mail = this.#mail.filter(({ at }) => at > this.#now);
    for (const { message } of due) {
      // What the matchmaker did not take is sent again.
      if (!this.#handle(message, calm)) this.#mail.push({ at: this.#now + 100, message });
    }
  }

  #handle(message: Message, calm: boolean): boolean {
    if (message.kind === 'start') {
      this.#start(message.claim, calm);
      return true;
    }
    const now = this.#now;
    const claims = this.#attempt(calm, () => {
      if (message.kind === 'enqueue') return this.#matching.enqueue(message.ticket, now);
      if (message.kind === 'settle') return this.#matching.settle(message.sessionId, message.outcome, now);
      this.#matching.withdraw(message.ticketId, now);
      return [];
    });
    if (!claims) return false;
    if (message.kind === 'enqueue' && !this.#finished.has(message.ticket.ticketId)) {
      this.#kept.add(message.ticket.ticketId);
    }
    if (message.kind === 'withdraw') this.#finish(message.ticketId, 'withdrawn');
    if (message.kind === 'settle') this.#settled(message.sessionId, message.outcome);
    this.#taken(claims, this.#lastPass, message.kind === 'enqueue' ? message.ticket : undefined);
    return true;
  }

  #settled(sessionId: string, outcome: Outcome): void {
    const session = this.#sessions.get(sessionId);
    for (const { ticketId } of session?.tickets ?? []) {
      if (outcome.kind === 'confirm') this.#finish(ticketId, sessionId);
      else if (outcome.gone.includes(ticketId)) this.#finish(ticketId, 'gone');
    }
  }

  #finish(ticketId: string, how: string): void {
    this.#kept.delete(ticketId);
    if (!this.#finished.has(ticketId)) this.#finished.set(ticketId, how);
  }

  /** Runs it on the storage; null when the object crashed in the middle. */
  #attempt(calm: boolean, work: () => Claim[]): Claim[] | null {
    this.#failAfter = !calm && this.#draw(25) === 0 ? this.#draw(15) : Number.POSITIVE_INFINITY;
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.counts.crashes += 1;
      this.#failAfter = Number.POSITIVE_INFINITY;
      this.#matching = this.#boot();
      return null;
    } finally {
      this.#failAfter = Number.POSITIVE_INFINITY;
    }
  }

  /** @param settledAt when those who waited before were last compared with each other */
  #taken(claims: Claim[], settledAt: number, newcomer?: Ticket): void {
    const waiting = this.#waiting();
    for (const claim of claims) {
      this.counts.matches += 1;
      this.#checkOrder(claim, waiting, settledAt, newcomer);
      // One in eight is lost: the object crashed between the claim and the start.
      if (this.#draw(8) > 0) this.#mail.push({ at: this.#now + this.#draw(12_000), message: { kind: 'start', claim } });
    }
  }

  #checkOrder({ tickets }: Claim, waiting: Ticket[], settledAt: number, newcomer?: Ticket): void {
    const [left, right] = tickets as [Ticket, Ticket];
    for (const [one, other] of [
      [left, right],
      [right, left],
    ] as const) {
      const at = one.ticketId === newcomer?.ticketId ? this.#now : settledAt;
      const asLast = !gladlyMeet(one, other, this.#now);
      const passedOver = waiting.find((each) => gladlyMeet(each, one, at) && (asLast || before(each, other)));
      if (passedOver) this.#say(`${one.ticketId} met ${other.ticketId} although ${passedOver.ticketId} is before it`);
    }
  }

  #start(claim: Claim, calm: boolean): void {
    if (this.#sessions.has(claim.sessionId)) return;
    const session: SessionState = { tickets: claim.tickets, state: 'placing' };
    this.#sessions.set(claim.sessionId, session);
    for (const ticket of claim.tickets) {
      const live = [...this.#sessions.values()].filter(
        ({ state, tickets }) =>
          (state === 'placing' || state === 'confirmed') && tickets.some((each) => each.ticketId === ticket.ticketId),
      );
      if (live.length > 1) this.#say(`${ticket.ticketId} is in two live sessions`);
    }
    // A session that is still being placed when its claim expires is decided then.
    if (!calm && this.#draw(6) === 0) return;
    const ids = claim.tickets.map((ticket) => ticket.ticketId);
    const gone = ids.filter((ticketId) => this.#withdrawn.has(ticketId));
    const fate = calm ? 0 : this.#draw(4);
    if (gone.length > 0) this.#decide(claim.sessionId, { kind: 'abort', blamed: [], gone });
    else if (fate === 1) this.#decide(claim.sessionId, { kind: 'abort', blamed: ids.slice(this.#draw(2)), gone: [] });
    else if (fate === 2) this.#decide(claim.sessionId, { kind: 'abort', blamed: [], gone: [] });
    else this.#decide(claim.sessionId, { kind: 'confirm' });
  }

  #decide(sessionId: string, outcome: Outcome): void {
    const session = this.#sessions.get(sessionId);
    if (!session) return;
    session.state = outcome.kind === 'confirm' ? 'confirmed' : 'aborted';
    session.outcome = outcome;
    this.counts[session.state] += 1;
    this.#post({ kind: 'settle', sessionId, outcome });
  }

  /** As `Session.confirmOrAbort`. */
  #confirmOrAbort(sessionId: string): Outcome {
    const session = this.#sessions.get(sessionId);
    const abort: Outcome = { kind: 'abort', blamed: [], gone: [] };
    if (!session) {
      this.#sessions.set(sessionId, { tickets: [], state: 'refused', outcome: abort });
      return abort;
    }
    if (session.state === 'placing') this.#decide(sessionId, abort);
    return session.outcome ?? abort;
  }

  /** Every ticket that was taken in and is not over is in exactly one place, and no other is anywhere. */
  #check(): void {
    const places = [...this.#ids('waiting'), ...this.#ids('resting'), ...this.#ids('claimed')];
    const known = new Set(places);
    if (known.size < places.length) this.#say('a ticket is in two places');
    for (const ticketId of this.#kept) if (!known.has(ticketId)) this.#say(`${ticketId} is lost`);
    for (const ticketId of [...this.#ids('waiting'), ...this.#ids('resting')]) {
      const how = this.#finished.get(ticketId);
      if (how !== undefined) this.#say(`${ticketId} waits again although it is over: ${how}`);
    }
  }

  #ids(table: 'waiting' | 'resting' | 'claimed'): string[] {
    const rows = this.#host.sql.exec<{ ticket_id: string }>(`SELECT ticket_id FROM ${table}`).toArray();
    return rows.map((row) => row.ticket_id);
  }

  #waiting(): Ticket[] {
    return this.#ids('waiting').flatMap((ticketId) => this.#tickets.get(ticketId) ?? []);
  }

  #say(violation: string): void {
    this.violations.push(`${this.#now}: ${violation}`);
  }
}
