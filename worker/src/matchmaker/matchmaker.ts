import { DurableObject } from 'cloudflare:workers';
import { ulid } from 'ulid';
import { Deadlines } from '../alarms/deadlines.ts';
import { type Env, sessionOf, settingsOf } from '../env.ts';
import { notBefore, type Outcome, pairTickets, type Ticket } from './policy.ts';

type QueueRow = { ticket_id: string; guild_id: string; channel_id: string; at: number };
type ClaimRow = QueueRow & { session_id: string; cancelled: number; expires_at: number };

/** While tickets wait, they are looked at so often. Milliseconds. */
const TICK_MS = 2_000;
/** Tickets paired in one go: bounds the time of a tick. */
const WINDOW = 2_000;

const ticketOf = (row: QueueRow): Ticket => ({
  ticketId: row.ticket_id,
  guildId: row.guild_id,
  channelId: row.channel_id,
  at: row.at,
});

/**
 * The queue of one pool. A claim takes its tickets out of the queue and remembers their place in the same transaction; it
 * ends by {@link settle}, or after its expiry by what `Session.confirmOrAbort` decides. Every method is idempotent.
 */
export class Matchmaker extends DurableObject<Env> {
  readonly #sql: SqlStorage;
  readonly #deadlines: Deadlines;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#deadlines = new Deadlines(ctx.storage);
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS queue(ticket_id TEXT PRIMARY KEY, guild_id TEXT NOT NULL, channel_id TEXT NOT NULL,
        at INTEGER NOT NULL, not_before INTEGER NOT NULL) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS queue_order ON queue(at, ticket_id, guild_id, channel_id, not_before);
      CREATE TABLE IF NOT EXISTS claims(session_id TEXT NOT NULL, ticket_id TEXT NOT NULL UNIQUE, guild_id TEXT NOT NULL,
        channel_id TEXT NOT NULL, at INTEGER NOT NULL, cancelled INTEGER NOT NULL, expires_at INTEGER NOT NULL,
        PRIMARY KEY(session_id, ticket_id)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS pool(name TEXT NOT NULL);
    `);
  }

  /** Puts a ticket in the queue and matches at once. A ticket that is queued or claimed already stays as it is. */
  async enqueue(pool: string, ticket: Ticket): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      // An alarm may wake the object without its name, and sessions must know where to answer.
      this.#sql.exec('INSERT INTO pool(name) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM pool)', pool);
      const claimed = this.#sql.exec('SELECT 1 FROM claims WHERE ticket_id = ?', ticket.ticketId).toArray().length > 0;
      if (claimed) return;
      this.#sql.exec(
        'INSERT OR IGNORE INTO queue(ticket_id, guild_id, channel_id, at, not_before) VALUES (?, ?, ?, ?, 0)',
        ticket.ticketId,
        ticket.guildId,
        ticket.channelId,
        ticket.at,
      );
    });
    await this.tick(Date.now());
  }

  /** Takes a ticket back. While it is claimed this cancels: it will not return to the queue. */
  async withdraw(ticketId: string): Promise<void> {
    this.#sql.exec('DELETE FROM queue WHERE ticket_id = ?', ticketId);
    this.#sql.exec('UPDATE claims SET cancelled = 1 WHERE ticket_id = ?', ticketId);
    await this.#arm(Date.now());
  }

  /** How a claim went. A second call finds no claim and changes nothing. */
  async settle(sessionId: string, outcome: Outcome): Promise<void> {
    const now = Date.now();
    this.ctx.storage.transactionSync(() => {
      const rows = this.#sql.exec<ClaimRow>('SELECT * FROM claims WHERE session_id = ?', sessionId).toArray();
      this.#sql.exec('DELETE FROM claims WHERE session_id = ?', sessionId);
      if (outcome.kind === 'confirm') return;
      for (const row of rows) {
        if (row.cancelled === 1 || outcome.gone.includes(row.ticket_id)) continue;
        this.#sql.exec(
          'INSERT OR IGNORE INTO queue(ticket_id, guild_id, channel_id, at, not_before) VALUES (?, ?, ?, ?, ?)',
          row.ticket_id,
          row.guild_id,
          row.channel_id,
          row.at,
          notBefore(row.ticket_id, outcome, now),
        );
      }
    });
    await this.tick(now);
  }

  /** Place of a ticket in the queue, from 1; `null` when it is not (or no longer) waiting. */
  place(ticketId: string): number | null {
    const [own] = this.#sql.exec<QueueRow>('SELECT * FROM queue WHERE ticket_id = ?', ticketId).toArray();
    if (!own) return null;
    return this.#sql
      .exec<{ place: number }>(
        'SELECT count(*) AS place FROM queue WHERE at < ? OR (at = ? AND ticket_id <= ?)',
        own.at,
        own.at,
        ticketId,
      )
      .one().place;
  }

  override async alarm(): Promise<void> {
    this.#deadlines.take(Date.now());
    await this.tick(Date.now());
  }

  /** Matches who waits and looks after expired claims. */
  async tick(now: number): Promise<void> {
    const claims = this.ctx.storage.transactionSync(() => this.#claim(now));
    const expired = this.#sql
      .exec<{ session_id: string }>('SELECT DISTINCT session_id FROM claims WHERE expires_at <= ?', now)
      .toArray();
    await this.#arm(now);
    for (const { sessionId, pair } of claims) this.ctx.waitUntil(this.#start(sessionId, pair));
    for (const row of expired) this.ctx.waitUntil(this.#resolve(row.session_id));
  }

  #claim(now: number): { sessionId: string; pair: [Ticket, Ticket] }[] {
    const order = 'ORDER BY at, ticket_id LIMIT';
    const columns = 'ticket_id, guild_id, channel_id, at';
    const window = this.#sql
      .exec<QueueRow>(`SELECT ${columns} FROM queue WHERE not_before <= ? ${order} ${WINDOW}`, now)
      .toArray()
      .map(ticketOf);
    const pairs = pairTickets(window);
    const [first] = window;
    if (pairs.length === 0 && first && window.length === WINDOW) {
      // One guild fills the window: look behind it for the others.
      const others = this.#sql
        .exec<QueueRow>(
          `SELECT ${columns} FROM queue WHERE not_before <= ? AND guild_id <> ? ${order} ${WINDOW}`,
          now,
          first.guildId,
        )
        .toArray()
        .map(ticketOf);
      pairs.push(...pairTickets([...window, ...others]));
    }
    const expiresAt = now + settingsOf(this.env).CLAIM_MS;
    return pairs.map((pair) => {
      const sessionId = ulid(now);
      for (const ticket of pair) {
        this.#sql.exec('DELETE FROM queue WHERE ticket_id = ?', ticket.ticketId);
        this.#sql.exec(
          'INSERT INTO claims(session_id, ticket_id, guild_id, channel_id, at, cancelled, expires_at) VALUES (?, ?, ?, ?, ?, 0, ?)',
          sessionId,
          ticket.ticketId,
          ticket.guildId,
          ticket.channelId,
          ticket.at,
          expiresAt,
        );
      }
      return { sessionId, pair };
    });
  }

  async #start(sessionId: string, pair: [Ticket, Ticket]): Promise<void> {
    const pool = this.#sql.exec<{ name: string }>('SELECT name FROM pool').one().name;
    try {
      await sessionOf(this.env, sessionId).start({ sessionId, pool, mode: 'bridge', tickets: pair });
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

  async #arm(now: number): Promise<void> {
    const { waiting } = this.#sql.exec<{ waiting: number }>('SELECT EXISTS(SELECT 1 FROM queue) AS waiting').one();
    const { expiry } = this.#sql.exec<{ expiry: number | null }>('SELECT min(expires_at) AS expiry FROM claims').one();
    if (waiting) this.#deadlines.setOnce('tick', now + TICK_MS);
    else this.#deadlines.clear('tick');
    // An expired claim whose session does not answer is asked again at the next tick.
    if (expiry !== null) this.#deadlines.set('claims', Math.max(expiry, now + TICK_MS));
    else this.#deadlines.clear('claims');
    await this.#deadlines.arm();
  }
}
