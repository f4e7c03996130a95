import type { NodeEventOf } from '@patchbay/shared/events';
import type { Outcome } from '../matchmaker/policy.ts';
import type { SessionRecord } from './record.ts';
import type { StoredSeal } from './seals.ts';

type BodyRow = { body: string };
export type StoredChunk = NodeEventOf<'recording.chunk.stored'>;
/** What finalising made. */
export type Deliverable = NodeEventOf<'recording.fragment.stored' | 'recording.master.stored'>;

/** The row of the chunks table that holds how the tickets were settled; no object key starts with `#`. */
const OUTCOME_KEY = '#outcome';

/** The tables of a session: rows in, rows out, no decisions. */
export class SessionStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS record(id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS chunks(key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS deliverables(key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS seals(seal_id TEXT PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS refused(session_id TEXT PRIMARY KEY) WITHOUT ROWID;
    `);
  }

  /** `null` before the session was started. */
  record(): SessionRecord | null {
    const [row] = this.#sql.exec<BodyRow>('SELECT body FROM record').toArray();
    return row ? (JSON.parse(row.body) as SessionRecord) : null;
  }

  putRecord(record: SessionRecord): void {
    this.#sql.exec('INSERT OR REPLACE INTO record(id, body) VALUES (1, ?)', JSON.stringify(record));
  }

  /** This session shall never start. */
  refuse(sessionId: string): void {
    this.#sql.exec('INSERT OR IGNORE INTO refused(session_id) VALUES (?)', sessionId);
  }

  isRefused(): boolean {
    return this.#sql.exec('SELECT 1 FROM refused').toArray().length > 0;
  }

  /** How the tickets of a session that ended before it was placed were settled. */
  outcome(): Outcome | null {
    const [row] = this.#sql.exec<BodyRow>('SELECT body FROM chunks WHERE key = ?', OUTCOME_KEY).toArray();
    return row ? (JSON.parse(row.body) as Outcome) : null;
  }

  putOutcome(outcome: Outcome): void {
    this.#sql.exec('INSERT OR REPLACE INTO chunks(key, body) VALUES (?, ?)', OUTCOME_KEY, JSON.stringify(outcome));
  }

  putChunk(chunk: StoredChunk): void {
    this.#sql.exec('INSERT OR REPLACE INTO chunks(key, body) VALUES (?, ?)', chunk.key, JSON.stringify(chunk));
  }

  putSeal(seal: StoredSeal): void {
    const sql = 'INSERT OR REPLACE INTO seals(seal_id, at, body) VALUES (?, ?, ?)';
    this.#sql.exec(sql, seal.sealId, seal.at, JSON.stringify(seal));
  }

  /** What reports sealed, newest first. */
  seals(): StoredSeal[] {
    return this.#sql
      .exec<BodyRow>('SELECT body FROM seals ORDER BY at DESC, seal_id DESC')
      .toArray()
      .map((row) => JSON.parse(row.body) as StoredSeal);
  }

  /** Stored objects in the order of their keys. */
  chunks(): StoredChunk[] {
    return this.#sql
      .exec<BodyRow>('SELECT body FROM chunks WHERE key <> ? ORDER BY key', OUTCOME_KEY)
      .toArray()
      .map((row) => JSON.parse(row.body) as StoredChunk);
  }

  /** Made again, an object takes the place of the earlier one. */
  putDeliverable(object: Deliverable): void {
    this.#sql.exec('INSERT OR REPLACE INTO deliverables(key, body) VALUES (?, ?)', object.key, JSON.stringify(object));
  }

  /** Fragments and masters in the order of their keys. */
  deliverables(): Deliverable[] {
    return this.#sql
      .exec<BodyRow>('SELECT body FROM deliverables ORDER BY key')
      .toArray()
      .map((row) => JSON.parse(row.body) as Deliverable);
  }
}
