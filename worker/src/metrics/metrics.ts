import { DurableObject } from 'cloudflare:workers';
import type { Env } from '../env.ts';
import type { Delta } from './registry.ts';

/** Labels are bounded by design; a mistake shall not fill the store. */
const MAX_SERIES = 2_000;

/** What one hub counted since it last told. */
export interface CountReport {
  /** The hub, and this life of it. */
  source: string;
  instance: string;
  /** Grows with each report of an instance: one that comes twice counts once. */
  n: number;
  counts: Record<string, number>;
  /** Sockets that are open there now. */
  open: number;
}

/** A hub with sockets reports at least when a token expires; one that is silent for longer than this is gone. Milliseconds. */
const SILENT_MS = 3_600_000;

/**
 * The totals of the whole deployment, for `/metrics`. A Worker runs in many isolates that come and go, and `/metrics` is answered by
 * any of them: only an object of its own has the sum. Beside the objects that do the work, so that counting never holds them up.
 */
export class Metrics extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS counters(name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS hubs(source TEXT PRIMARY KEY, instance TEXT NOT NULL, n INTEGER NOT NULL,
        open INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
    `);
  }

  /** Idempotent by instance and number. */
  add({ source, instance, n, counts, open }: CountReport): void {
    const { sql } = this.ctx.storage;
    this.ctx.storage.transactionSync(() => {
      const known = 'SELECT 1 FROM hubs WHERE source = ? AND instance = ? AND n >= ?';
      if (sql.exec(known, source, instance, n).toArray().length > 0) return;
      const hub = 'INSERT OR REPLACE INTO hubs(source, instance, n, open, at) VALUES (?, ?, ?, ?, ?)';
      sql.exec(hub, source, instance, n, open, Date.now());
      const counter = `INSERT INTO counters(name, value) VALUES (?, ?)
        ON CONFLICT(name) DO UPDATE SET value = value + excluded.value`;
      for (const [name, value] of Object.entries(counts)) sql.exec(counter, name, value);
    });
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

  read(): { open: number; counts: Record<string, number> } {
    const { sql } = this.ctx.storage;
    const since = Date.now() - SILENT_MS;
    sql.exec('DELETE FROM hubs WHERE at < ? AND open = 0', since);
    const { open } = sql
      .exec<{ open: number }>('SELECT coalesce(sum(open), 0) AS open FROM hubs WHERE at >= ?', since)
      .one();
    const rows = sql.exec<{ name: string; value: number }>('SELECT name, value FROM counters ORDER BY name').toArray();
    return { open, counts: Object.fromEntries(rows.map(({ name, value }) => [name, value])) };
  }
}
