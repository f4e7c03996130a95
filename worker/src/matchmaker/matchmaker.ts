import { DurableObject } from 'cloudflare:workers';
import type { TicketInput } from '@patchbay/shared/match';
import { ulid } from 'ulid';
import { Deadlines } from '../alarms/deadlines.ts';
import { type Env, sessionOf, settingsOf } from '../env.ts';
import { type Claim, Matching } from './matching.ts';
import { ownPolicies, registryOf } from './policies/registry.ts';
import type { Outcome } from './policy.ts';

/** While tickets wait, they are looked at so often. Milliseconds. */
const TICK_MS = 2_000;

/**
 * The queue of one pool. A claim takes its tickets out of the queue and remembers their place in the same transaction; it
 * ends by {@link settle}, or after its expiry by what `Session.confirmOrAbort` decides. Every method is idempotent.
 */
export class Matchmaker extends DurableObject<Env> {
  readonly #sql: SqlStorage;
  readonly #deadlines: Deadlines;
  readonly #matching: Matching;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#deadlines = new Deadlines(ctx.storage);
    const { CLAIM_MS: claimMs, REMATCH_REST_MS } = settingsOf(env);
    const registry = registryOf(ownPolicies, REMATCH_REST_MS);
    this.#matching = new Matching(ctx.storage, { registry, claimMs, newSessionId: (now) => ulid(now) });
    this.#sql.exec('CREATE TABLE IF NOT EXISTS pool(name TEXT NOT NULL)');
  }

  /**
   * Puts a ticket in the queue and matches it at once. A ticket that is known stays as it is; one that was withdrawn or matched
   * before is not queued again. The object is the pool: what the ticket says of it does not count.
   */
  async enqueue(pool: string, ticket: TicketInput): Promise<void> {
    const now = Date.now();
    // An alarm may wake the object without its name, and sessions must know where to answer.
    this.#sql.exec('INSERT INTO pool(name) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM pool)', pool);
    const claims = this.#matching.enqueue({ ...ticket, pool }, now);
    await this.#follow(claims, now);
  }

  /** Takes a ticket back. While it is claimed this cancels: it will not return to the queue. */
  async withdraw(ticketId: string): Promise<void> {
    const now = Date.now();
    this.#matching.withdraw(ticketId, now);
    await this.#follow([], now);
  }

  /** How a claim went. A second call finds no claim and changes nothing. */
  async settle(sessionId: string, outcome: Outcome): Promise<void> {
    const now = Date.now();
    await this.#follow(this.#matching.settle(sessionId, outcome, now), now);
  }

  /**
   * Place of a ticket in its line, from 1: exact for the first thousand, an estimate behind them. `null` when it is not (or no
   * longer) waiting.
   */
  place(ticketId: string): number | null {
    return this.#matching.place(ticketId);
  }

  /** How long tickets like this one waited lately, in milliseconds; `null` when unknown, or when it does not wait. */
  expectedWait(ticketId: string): number | null {
    return this.#matching.expectedWait(ticketId, Date.now());
  }

  override async alarm(): Promise<void> {
    this.#deadlines.take(Date.now());
    await this.tick(Date.now());
  }

  /** Matches what time has made possible, and looks after expired claims. */
  async tick(now: number): Promise<void> {
    const { claims, more } = this.#matching.pass(now);
    const expired = this.#matching.expired(now);
    if (more) this.#deadlines.set('tick', now);
    await this.#follow(claims, now);
    for (const sessionId of expired) this.ctx.waitUntil(this.#resolve(sessionId));
  }

  /** Arms the next look together with what was stored, then starts the sessions. */
  async #follow(claims: Claim[], now: number): Promise<void> {
    const armed = this.#arm(now);
    for (const claim of claims) this.ctx.waitUntil(this.#start(claim));
    await armed;
  }

  async #start({ sessionId, mode, tickets, routes }: Claim): Promise<void> {
    const pool = this.#sql.exec<{ name: string }>('SELECT name FROM pool').one().name;
    try {
      await sessionOf(this.env, sessionId).start({ sessionId, pool, mode, tickets, routes });
    } catch (error) {
      // The claim stays; at its expiry the session is asked, and decides durably.
      console.error(`matchmaker: session ${sessionId} could not be started`, error);
    }
  }

  async #resolve(sessionId: string): Promise<void> {
    try {
      const outcome = await sessionOf(this.env, sessionId).confirmOrAbort(sessionId);
      await this.settle(sessionId, outcome);
    } catch (error) {
      console.error(`matchmaker: session ${sessionId} does not answer, will be asked again`, error);
    }
  }

  #arm(now: number): Promise<void> {
    if (this.#matching.isEmpty()) this.#deadlines.clear('tick');
    else this.#deadlines.setOnce('tick', now + TICK_MS);
    const expiry = this.#matching.nextExpiry();
    if (expiry === null) this.#deadlines.clear('claims');
    else if (expiry > now) this.#deadlines.set('claims', expiry);
    // Its session was asked and has not answered: again after a while, which arrivals must not put off.
    else this.#deadlines.setOnce('claims', now + TICK_MS);
    return this.#deadlines.arm();
  }
}
