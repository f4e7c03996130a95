import { DurableObject } from 'cloudflare:workers';
import type { Env } from '../env.ts';
import type { Delta } from './registry.ts';

/** Labels are bounded by design; a mistake shall not fill the store. */
const MAX_SERIES = 2_000;

/**
 * The totals of the whole deployment, named `metrics`. A Worker runs in many isolates that come and go, and `/metrics` is answered
 * by any of them: only an object of its own has the sum. Totals are stored, so that counters do not fall at each deployment.
 */
export class Metrics extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS totals(series TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID',
    );
  }

  /** Adds what one isolate counted. A call whose answer got lost is repeated, and counts twice: figures, not accounts. */
  add(deltas: Delta[]): void {
    const { sql } = this.ctx.storage;
    const full = sql.exec<{ n: number }>('SELECT count(*) AS n FROM totals').one().n >= MAX_SERIES;
    for (const { series, value } of deltas) {
      if (full) sql.exec('UPDATE totals SET value = value + ? WHERE series = ?', value, series);
      else {
        sql.exec(
          'INSERT INTO totals(series, value) VALUES (?, ?) ON CONFLICT(series) DO UPDATE SET value = value + excluded.value',
          series,
          value,
        );
      }
    }
  }

  totals(): Delta[] {
    const sql = 'SELECT series, value FROM totals ORDER BY series';
    return this.ctx.storage.sql.exec<{ series: string; value: number }>(sql).toArray();
  }
}
