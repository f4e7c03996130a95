/**
 * Many named deadlines on the one alarm that a Durable Object has: a table, and the earliest of it armed.
 *
 * Call {@link Deadlines.arm} in the same turn as the change (no await between): the runtime then stores both or neither.
 */
export class Deadlines {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    storage.sql.exec('CREATE TABLE IF NOT EXISTS deadlines(name TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID');
  }

  /** Sets or moves a deadline; `at` in milliseconds since the epoch. */
  set(name: string, at: number): void {
    this.#storage.sql.exec('INSERT OR REPLACE INTO deadlines(name, at) VALUES (?, ?)', name, Math.ceil(at));
  }

  /** Sets a deadline unless it is set already. */
  setOnce(name: string, at: number): void {
    this.#storage.sql.exec('INSERT OR IGNORE INTO deadlines(name, at) VALUES (?, ?)', name, Math.ceil(at));
  }

  clear(name: string): void {
    this.#storage.sql.exec('DELETE FROM deadlines WHERE name = ?', name);
  }

  clearAll(): void {
    this.#storage.sql.exec('DELETE FROM deadlines');
  }

  /** Takes the deadlines that are due out of the table, earliest first. */
  take(now: number): string[] {
    const due = this.#storage.sql
      .exec<{ name: string }>('SELECT name FROM deadlines WHERE at <= ? ORDER BY at, name', now)
      .toArray()
      .map((row) => row.name);
    if (due.length > 0) this.#storage.sql.exec('DELETE FROM deadlines WHERE at <= ?', now);
    return due;
  }

  /** Arms the alarm for the earliest deadline, or disarms it when there is none. */
  arm(): Promise<void> {
    const { at } = this.#storage.sql.exec<{ at: number | null }>('SELECT min(at) AS at FROM deadlines').one();
    return at === null ? this.#storage.deleteAlarm() : this.#storage.setAlarm(at);
  }
}
