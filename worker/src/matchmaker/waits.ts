import type { Sql } from './sql.ts';

/** Weight of the newest wait in the average, once there are enough of them. */
const WEIGHT = 0.1;
/** Without a match for so long the average says nothing. Milliseconds. */
const STALE_MS = 3_600_000;

/** The average after one more wait: of all at first, then the recent ones count more. */
export function averageWait(mean: number, count: number, wait: number): number {
  return mean + (wait - mean) * Math.max(WEIGHT, 1 / (count + 1));
}

/** How long those waited who were matched lately, for each line of the pool. */
export class Waits {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS waits(lane TEXT NOT NULL, side TEXT NOT NULL, mean REAL NOT NULL,
      count INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(lane, side)) WITHOUT ROWID`);
  }

  /** @param wait from arrival to the match, in milliseconds */
  note(lane: string, side: string, wait: number, now: number): void {
    const known = this.#read(lane, side);
    const count = known && now - known.at < STALE_MS ? known.count : 0;
    this.#sql.exec(
      'INSERT OR REPLACE INTO waits(lane, side, mean, count, at) VALUES (?, ?, ?, ?, ?)',
      ...[lane, side, averageWait(known?.mean ?? 0, count, wait), count + 1, now],
    );
  }

  /** Milliseconds; null when nobody was matched within the hour. */
  expected(lane: string, side: string, now: number): number | null {
    const known = this.#read(lane, side);
    return known && now - known.at < STALE_MS ? Math.round(known.mean) : null;
  }

  #read(lane: string, side: string) {
    const query = 'SELECT mean, count, at FROM waits WHERE lane = ? AND side = ?';
    return this.#sql.exec<{ mean: number; count: number; at: number }>(query, lane, side).toArray()[0];
  }
}
