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
      'CREATE TABLE IF NOT EXISTS counters(name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID',
    );
  }

  /** Adds what one isolate counted. A call whose answer got lost is repeated, and counts twice: figures, not accounts. */
  count(deltas: Delta[]): void {
    const { sql } = this.ctx.storage;
    const full = sql.exec<{ n: number }>('SELECT count(*) AS n FROM counters').one().n >= MAX_SERIES;
    for (const { series, value } of deltas) {
      if (full) sql.exec('UPDATE counters SET value = value + ? WHERE name = ?', value, series);
      else {
        sql.exec(
          'INSERT INTO counters(name, value) VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET value = value + excluded.value',
          series,
          value,
        );
      }
    }
  }

  totals(): Delta[] {
    const sql = 'SELECT name AS series, value FROM counters ORDER BY name';
    return this.ctx.storage.sql.exec<{ series: string; value: number }>(sql).toArray();
  }
}
