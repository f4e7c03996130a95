import type { Ticket } from '@patchbay/shared/match';
import type { Spot } from './lanes.ts';
import type { Sql } from './sql.ts';

/** A ticket with what the matchmaker knows of it. */
export interface Queued {
  ticket: Ticket;
  /** How often its side could not start. */
  failures: number;
}
/** A waiting ticket and the rank that it stands in. */
export interface Standing {
  ticket: Ticket;
  rank: number;
}
type Row = { body: string; failures: number };
type StandingRow = { body: string; rank: number };
type KeyRow = { lane: string; side: string; rank: number; at: number };

/** The rank of tickets that waited so long that priority no longer counts; below that of any priority. */
export const OVERDUE_RANK = -1_000;
/** Places up to here are counted; those behind are estimated. */
const COUNTED = 1_000;

const queuedOf = ({ body, failures }: Row): Queued => ({ ticket: JSON.parse(body) as Ticket, failures });
const standingOf = ({ body, rank }: StandingRow): Standing => ({ ticket: JSON.parse(body) as Ticket, rank });
const ORDER = 'ORDER BY rank, at, ticket_id';
/** Comes after every name. */
export const LAST = '\u{10ffff}';
const LINE = 'lane = ? AND side = ?';

/** Tickets in the order of the queue, each once. */
export function inOrder(standing: readonly Standing[]): Ticket[] {
  const each = [...new Map(standing.map((one) => [one.ticket.ticketId, one])).values()];
  const byId = (left: string, right: string) => (left < right ? -1 : 1);
  each.sort((a, b) => a.rank - b.rank || a.ticket.at - b.ticket.at || byId(a.ticket.ticketId, b.ticket.ticketId));
  return each.map(({ ticket }) => ticket);
}

/**
 * Who waits. The table lies in the order of the queue, so the next ones are read in one go; `waiting_group` finds the first of each
 * group behind any crowd. No query here reads more rows than its limit says.
 */
export class Queue {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
    for (const statement of [
      `CREATE TABLE IF NOT EXISTS waiting(lane TEXT NOT NULL, side TEXT NOT NULL, rank INTEGER NOT NULL, at REAL NOT NULL,
        ticket_id TEXT NOT NULL, grp TEXT NOT NULL, failures INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY(lane, side, rank, at, ticket_id)) WITHOUT ROWID`,
      'CREATE UNIQUE INDEX IF NOT EXISTS waiting_ticket ON waiting(ticket_id)',
      'CREATE INDEX IF NOT EXISTS waiting_group ON waiting(lane, side, grp, rank, at, ticket_id)',
      `CREATE TABLE IF NOT EXISTS resting(ticket_id TEXT PRIMARY KEY, not_before INTEGER NOT NULL, failures INTEGER NOT NULL,
        body TEXT NOT NULL, lane TEXT NOT NULL, side TEXT NOT NULL, rank INTEGER NOT NULL, at REAL NOT NULL) WITHOUT ROWID`,
      'CREATE INDEX IF NOT EXISTS resting_place ON resting(lane, side, rank, at, ticket_id)',
      'CREATE INDEX IF NOT EXISTS resting_due ON resting(not_before)',
    ]) {
      sql.exec(statement);
    }
  }

  /** Does the ticket wait or rest? */
  has(ticketId: string): boolean {
    const known =
      'SELECT 1 FROM waiting WHERE ticket_id = ? UNION ALL SELECT 1 FROM resting WHERE ticket_id = ? LIMIT 1';
    return this.#sql.exec(known, ticketId, ticketId).toArray().length > 0;
  }

  add({ ticket, failures }: Queued, { lane, side, group }: Spot, rank = -ticket.priority): void {
    this.#sql.exec(
      'INSERT OR IGNORE INTO waiting(lane, side, rank, at, ticket_id, grp, failures, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      ...[lane, side, rank, ticket.at, ticket.ticketId],
      // Within a group the first stands for all, and those of a lower priority may have waited longer.
      `${group}|${rank}`,
      failures,
      JSON.stringify(ticket),
    );
  }

  /** Takes a waiting ticket out. */
  take(ticketId: string): Queued | null {
    const rows = this.#sql.exec<Row>('DELETE FROM waiting WHERE ticket_id = ? RETURNING body, failures', ticketId);
    const [row] = rows.toArray();
    return row ? queuedOf(row) : null;
  }

  remove(ticketId: string): void {
    this.#sql.exec('DELETE FROM waiting WHERE ticket_id = ?', ticketId);
    this.#sql.exec('DELETE FROM resting WHERE ticket_id = ?', ticketId);
  }

  /** Sets a ticket aside until `notBefore`: it keeps its place and is in nobody's way. */
  rest({ ticket, failures }: Queued, { lane, side }: Spot, notBefore: number): void {
    this.#sql.exec(
      `INSERT OR IGNORE INTO resting(ticket_id, not_before, failures, body, lane, side, rank, at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[ticket.ticketId, notBefore, failures, JSON.stringify(ticket), lane, side, -ticket.priority, ticket.at],
    );
  }

  /** Takes out tickets whose rest is over. */
  rested(now: number, limit: number): Queued[] {
    const due = 'SELECT ticket_id FROM resting WHERE not_before <= ? ORDER BY not_before LIMIT ?';
    const rows = this.#sql.exec<Row>(
      `DELETE FROM resting WHERE ticket_id IN (${due}) RETURNING body, failures`,
      ...[now, limit],
    );
    return rows.toArray().map(queuedOf);
  }

  /** The first of a line, in order. */
  first(lane: string, side: string, limit: number): Standing[] {
    return this.#sql
      .exec<StandingRow>(`SELECT body, rank FROM waiting WHERE ${LINE} ${ORDER} LIMIT ?`, lane, side, limit)
      .toArray()
      .map(standingOf);
  }

  /** The first ticket of each group whose name lies between `after` and `until`, by name of the group. */
  heads(lane: string, side: string, limit: number, after = '', until = LAST): (Standing & { group: string })[] {
    const next = `SELECT min(grp) FROM waiting WHERE ${LINE} AND grp < ? AND grp >`;
    const head = `SELECT ticket_id FROM waiting WHERE ${LINE} AND grp = hop.grp ${ORDER} LIMIT 1`;
    return this.#sql
      .exec<StandingRow & { grp: string }>(
        `WITH RECURSIVE hop(grp) AS (
           SELECT (${next} ?) UNION ALL SELECT (${next} hop.grp) FROM hop WHERE hop.grp IS NOT NULL LIMIT ?)
         SELECT hop.grp, waiting.rank, waiting.body FROM hop CROSS JOIN waiting
         WHERE hop.grp IS NOT NULL AND waiting.ticket_id = (${head})`,
        ...[lane, side, until, after, lane, side, until, limit, lane, side],
      )
      .toArray()
      .map((row) => ({ ...standingOf(row), group: row.grp }));
  }

  /** Lanes in which somebody waits, from `after` on by name. */
  lanes(after: string, limit: number): string[] {
    const next = 'SELECT min(lane) FROM waiting WHERE lane >';
    return this.#sql
      .exec<{ lane: string }>(
        `WITH RECURSIVE hop(lane) AS (
           SELECT (${next} ?) UNION ALL SELECT (${next} hop.lane) FROM hop WHERE hop.lane IS NOT NULL LIMIT ?)
         SELECT lane FROM hop WHERE lane IS NOT NULL`,
        after,
        limit,
      )
      .toArray()
      .map(({ lane }) => lane);
  }

  /** Ranks of a line, best first. */
  ranks(lane: string, side: string, limit: number): number[] {
    const next = `SELECT min(rank) FROM waiting WHERE ${LINE} AND rank >`;
    return this.#sql
      .exec<{ rank: number }>(
        `WITH RECURSIVE hop(rank) AS (
           SELECT (${next} ?) UNION ALL SELECT (${next} hop.rank) FROM hop WHERE hop.rank IS NOT NULL LIMIT ?)
         SELECT rank FROM hop WHERE rank IS NOT NULL`,
        ...[lane, side, OVERDUE_RANK - 1, lane, side, limit],
      )
      .toArray()
      .map(({ rank }) => rank);
  }

  /** Tickets of one rank that wait since `since` or longer, oldest first. */
  olderThan(lane: string, side: string, rank: number, since: number, limit: number): string[] {
    return this.#sql
      .exec<{ ticket_id: string }>(
        `SELECT ticket_id FROM waiting WHERE ${LINE} AND rank = ? AND at <= ? ORDER BY at, ticket_id LIMIT ?`,
        ...[lane, side, rank, since, limit],
      )
      .toArray()
      .map((row) => row.ticket_id);
  }

  /**
   * Place of a ticket in its line, from 1, those who rest included; null when it is in no queue. Exact for the first thousand.
   * Behind them it is an estimate: as if the others had come as evenly as the first.
   */
  place(ticketId: string): number | null {
    const own = this.#find<KeyRow>('lane, side, rank, at', ticketId);
    if (!own) return null;
    const { lane, side, rank, at } = own;
    const before = ['waiting', 'resting'].flatMap((table) =>
      this.#sql
        .exec<{ rank: number; at: number }>(
          `SELECT rank, at FROM ${table} WHERE ${LINE} AND (rank, at, ticket_id) < (?, ?, ?) ${ORDER} LIMIT ?`,
          ...[lane, side, rank, at, ticketId, COUNTED],
        )
        .toArray(),
    );
    if (before.length < COUNTED) return before.length + 1;
    before.sort((left, right) => left.rank - right.rank || left.at - right.at);
    const [head, last] = [before[0], before[COUNTED - 1]];
    const even = head && last?.rank === rank && last.at > head.at ? (at - head.at) / (last.at - head.at) : 1;
    return Math.max(COUNTED + 1, Math.round(COUNTED * even));
  }

  /** The ticket, whether it waits or rests. */
  find(ticketId: string): Ticket | null {
    const row = this.#find<Row>('body, failures', ticketId);
    return row ? queuedOf(row).ticket : null;
  }

  isEmpty(): boolean {
    return this.#sql.exec('SELECT 1 FROM waiting UNION ALL SELECT 1 FROM resting LIMIT 1').toArray().length === 0;
  }

  #find<T extends Row | KeyRow>(columns: string, ticketId: string): T | null {
    for (const table of ['waiting', 'resting']) {
      const [row] = this.#sql.exec<T>(`SELECT ${columns} FROM ${table} WHERE ticket_id = ?`, ticketId).toArray();
      if (row) return row;
    }
    return null;
  }
}
