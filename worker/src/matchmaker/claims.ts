import type { Ticket } from '@patchbay/shared/match';
import type { Queued } from './queue.ts';
import type { Sql } from './sql.ts';

/** A ticket that was taken out of the queue for a session. */
export interface Claimed extends Queued {
  /** Withdrawn meanwhile: it does not return to the queue. */
  cancelled: boolean;
  claimedAt: number;
}
type Row = { body: string; failures: number; cancelled: number; claimed_at: number };

/** A ticket that is done with is remembered so long: a late copy of its message must not queue it again. Milliseconds. */
const REMEMBERED_MS = 3_600_000;
/** Old memories deleted in one go. */
const FORGOTTEN_AT_ONCE = 1_000;

/** Claims, and the ids of tickets that are done with. */
export class Claims {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
    for (const statement of [
      `CREATE TABLE IF NOT EXISTS claimed(session_id TEXT NOT NULL, ticket_id TEXT NOT NULL UNIQUE, failures INTEGER NOT NULL,
        cancelled INTEGER NOT NULL, claimed_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY(session_id, ticket_id)) WITHOUT ROWID`,
      'CREATE INDEX IF NOT EXISTS claimed_expiry ON claimed(expires_at)',
      'CREATE TABLE IF NOT EXISTS done(ticket_id TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID',
      'CREATE INDEX IF NOT EXISTS done_until ON done(until)',
    ]) {
      sql.exec(statement);
    }
  }

  /** Is the ticket claimed, or done with? */
  knows(ticketId: string): boolean {
    const known = 'SELECT 1 FROM claimed WHERE ticket_id = ? UNION ALL SELECT 1 FROM done WHERE ticket_id = ? LIMIT 1';
    return this.#sql.exec(known, ticketId, ticketId).toArray().length > 0;
  }

  add(sessionId: string, { ticket, failures }: Queued, now: number, expiresAt: number): void {
    this.#sql.exec(
      `INSERT INTO claimed(session_id, ticket_id, failures, cancelled, claimed_at, expires_at, body)
        VALUES (?, ?, ?, 0, ?, ?, ?)`,
      ...[sessionId, ticket.ticketId, failures, now, expiresAt, JSON.stringify(ticket)],
    );
  }

  /** Takes the tickets of a claim out; none when it was settled before. */
  take(sessionId: string): Claimed[] {
    return this.#sql
      .exec<Row>('DELETE FROM claimed WHERE session_id = ? RETURNING body, failures, cancelled, claimed_at', sessionId)
      .toArray()
      .map(({ body, failures, cancelled, claimed_at }) => ({
        ticket: JSON.parse(body) as Ticket,
        failures,
        cancelled: cancelled === 1,
        claimedAt: claimed_at,
      }));
  }

  cancel(ticketId: string): void {
    this.#sql.exec('UPDATE claimed SET cancelled = 1 WHERE ticket_id = ?', ticketId);
  }

  /** The ticket will not be queued again. */
  finish(ticketId: string, now: number): void {
    this.#sql.exec('INSERT OR REPLACE INTO done(ticket_id, until) VALUES (?, ?)', ticketId, now + REMEMBERED_MS);
  }

  forgetOld(now: number): void {
    const old = 'SELECT ticket_id FROM done WHERE until <= ? ORDER BY until LIMIT ?';
    this.#sql.exec(`DELETE FROM done WHERE ticket_id IN (${old})`, now, FORGOTTEN_AT_ONCE);
  }

  /** Sessions whose claim was not settled in time, the longest overdue first. */
  expired(now: number, limit: number): string[] {
    const query = 'SELECT session_id FROM claimed WHERE expires_at <= ? ORDER BY expires_at LIMIT ?';
    const rows = this.#sql.exec<{ session_id: string }>(query, now, limit).toArray();
    return [...new Set(rows.map((row) => row.session_id))];
  }

  /** When the next claim expires. */
  nextExpiry(): number | null {
    const [row] = this.#sql.exec<{ at: number | null }>('SELECT min(expires_at) AS at FROM claimed').toArray();
    return row?.at ?? null;
  }
}
