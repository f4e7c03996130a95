import type { ObjectKind, Person, RecordingRecord, StoredObject } from './record.ts';
import type { Note } from './report-message.ts';

type BodyRow = { body: string };
type Owed<T> = { rowid: number; changes: number; body: T };

/** Something that kept the recording from being whole for a while. Instants in ms. */
export interface CoverageRow {
  code: string;
  userId: string;
  begunAt: number;
  overAt: number | null;
}

/** The tables of a recording: rows in, rows out. `dirty`: changes that the database does not have yet. */
export class RecordingStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS recording(id INTEGER PRIMARY KEY CHECK(id = 1), body TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS objects(key TEXT PRIMARY KEY, kind TEXT NOT NULL, user_id TEXT NOT NULL, body TEXT NOT NULL,
        dirty INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS people(guild_id TEXT NOT NULL, user_id TEXT NOT NULL, body TEXT NOT NULL, dirty INTEGER NOT NULL,
        PRIMARY KEY(guild_id, user_id));
      CREATE TABLE IF NOT EXISTS coverage(code TEXT NOT NULL, user_id TEXT NOT NULL, begun_at INTEGER NOT NULL, over_at INTEGER,
        PRIMARY KEY(code, user_id, begun_at)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS notes(id TEXT PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
    `);
  }

  /** `undefined` before anything was recorded, and when it is gone. */
  record(): RecordingRecord | undefined {
    const body = this.#body();
    return body && 'sides' in body ? body : undefined;
  }

  put(record: RecordingRecord): void {
    this.#write(record);
  }

  /** Everything was deleted. That is remembered: what a voice node stores later is deleted, too. */
  forget(sessionId: string): void {
    for (const table of ['objects', 'people', 'coverage', 'notes']) this.#sql.exec(`DELETE FROM ${table}`);
    this.#write({ gone: sessionId });
  }

  goneId(): string | undefined {
    const body = this.#body();
    return body && 'gone' in body ? body.gone : undefined;
  }

  putObject(object: StoredObject): void {
    const sql = `INSERT INTO objects(key, kind, user_id, body, dirty) VALUES (?, ?, ?, ?, 1)
      ON CONFLICT(key) DO UPDATE SET body = excluded.body, dirty = dirty + 1 WHERE body <> excluded.body`;
    this.#sql.exec(sql, object.key, object.kind, object.userId ?? '', JSON.stringify(object));
  }

  object(key: string): StoredObject | undefined {
    const [row] = this.#sql.exec<BodyRow>('SELECT body FROM objects WHERE key = ?', key).toArray();
    return row && (JSON.parse(row.body) as StoredObject);
  }

  dropKeys(keys: readonly string[]): void {
    for (const key of keys) this.#sql.exec('DELETE FROM objects WHERE key = ?', key);
  }

  /** Without `kinds`: all, in the order of their keys. */
  objects(...kinds: ObjectKind[]): StoredObject[] {
    return this.#sql
      .exec<BodyRow>('SELECT body FROM objects WHERE kind IN (SELECT value FROM json_each(?)) ORDER BY key', all(kinds))
      .toArray()
      .map((row) => JSON.parse(row.body) as StoredObject);
  }

  has(...kinds: ObjectKind[]): boolean {
    const sql = 'SELECT 1 FROM objects WHERE kind IN (SELECT value FROM json_each(?)) LIMIT 1';
    return this.#sql.exec(sql, all(kinds)).toArray().length > 0;
  }

  dropObjects(kind: ObjectKind, userId?: string): void {
    if (userId === undefined) this.#sql.exec('DELETE FROM objects WHERE kind = ?', kind);
    else this.#sql.exec('DELETE FROM objects WHERE kind = ? AND user_id = ?', kind, userId);
  }

  putPerson(person: Person): void {
    const sql = `INSERT INTO people(guild_id, user_id, body, dirty) VALUES (?, ?, ?, 1)
      ON CONFLICT(guild_id, user_id) DO UPDATE SET body = excluded.body, dirty = dirty + 1 WHERE body <> excluded.body`;
    this.#sql.exec(sql, person.guildId, person.userId, JSON.stringify(person));
  }

  dropPerson(userId: string): void {
    this.#sql.exec('DELETE FROM people WHERE user_id = ?', userId);
  }

  /** In the order in which they came. */
  people(): Person[] {
    return this.#sql
      .exec<BodyRow>("SELECT body FROM people ORDER BY body ->> 'firstAt', user_id")
      .toArray()
      .map((row) => JSON.parse(row.body) as Person);
  }

  putNote(note: Note): void {
    this.#sql.exec(
      'INSERT OR IGNORE INTO notes(id, at, body) VALUES (?, ?, ?)',
      note.id,
      note.at,
      JSON.stringify(note),
    );
  }

  notes(): Note[] {
    return this.#sql
      .exec<BodyRow>('SELECT body FROM notes ORDER BY at, id')
      .toArray()
      .map((row) => JSON.parse(row.body) as Note);
  }

  noteCoverage({ code, userId, begunAt }: Omit<CoverageRow, 'overAt'>): void {
    const sql = 'INSERT OR IGNORE INTO coverage(code, user_id, begun_at) VALUES (?, ?, ?)';
    this.#sql.exec(sql, code, userId, begunAt);
  }

  endCoverage(code: string, userId: string, at: number): void {
    const sql = 'UPDATE coverage SET over_at = ? WHERE code = ? AND user_id = ? AND over_at IS NULL';
    this.#sql.exec(sql, at, code, userId);
  }

  coverage(): CoverageRow[] {
    return this.#sql
      .exec<{ code: string; user_id: string; begun_at: number; over_at: number | null }>(
        'SELECT * FROM coverage ORDER BY begun_at',
      )
      .toArray()
      .map((row) => ({ code: row.code, userId: row.user_id, begunAt: row.begun_at, overAt: row.over_at }));
  }

  /** Rows that the database does not have yet, some at a time. */
  owed(limit: number): { objects: Owed<StoredObject>[]; people: Owed<Person>[] } {
    const rows = <T>(table: 'objects' | 'people'): Owed<T>[] =>
      this.#sql
        .exec<{ rowid: number; dirty: number; body: string }>(
          `SELECT rowid, dirty, body FROM ${table} WHERE dirty > 0 ORDER BY rowid LIMIT ?`,
          limit,
        )
        .toArray()
        .map(({ rowid, dirty, body }) => ({ rowid, changes: dirty, body: JSON.parse(body) as T }));
    return { objects: rows<StoredObject>('objects'), people: rows<Person>('people') };
  }

  /** The database has these; what changed meanwhile is still owed. */
  settled({ objects, people }: ReturnType<RecordingStore['owed']>): void {
    const settle = (table: string, { rowid, changes }: { rowid: number; changes: number }) =>
      this.#sql.exec(`UPDATE ${table} SET dirty = 0 WHERE rowid = ? AND dirty = ?`, rowid, changes);
    for (const row of objects) settle('objects', row);
    for (const row of people) settle('people', row);
  }

  #body(): RecordingRecord | { gone: string } | undefined {
    const [row] = this.#sql.exec<BodyRow>('SELECT body FROM recording').toArray();
    return row && (JSON.parse(row.body) as RecordingRecord | { gone: string });
  }

  #write(body: RecordingRecord | { gone: string }): void {
    this.#sql.exec('INSERT OR REPLACE INTO recording(id, body) VALUES (1, ?)', JSON.stringify(body));
  }
}

const kindsOfAll: readonly ObjectKind[] = ['chunk', 'normalised', 'raw', 'mp3', 'master', 'transcript'];
const all = (kinds: readonly ObjectKind[]): string => JSON.stringify(kinds.length > 0 ? kinds : kindsOfAll);
