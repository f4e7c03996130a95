import type { SignInRecord } from './policy.ts';

/** What stays to be done after the end: giving Discord's tokens (encrypted) back. */
export interface Revocation {
  discord: string;
  failures: number;
}
interface Kept {
  'sign-in': SignInRecord;
  revocation: Revocation;
}

/** What a sign-in keeps. The table is made with the first row, so that an old cookie does not fill the store anew after the end. */
export class SignInStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  get<K extends keyof Kept>(key: K): Kept[K] | undefined {
    const known = this.#sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'kept'").toArray();
    if (known.length === 0) return undefined;
    const [row] = this.#sql.exec<{ body: string }>('SELECT body FROM kept WHERE key = ?', key).toArray();
    return row && (JSON.parse(row.body) as Kept[K]);
  }

  put<K extends keyof Kept>(key: K, value: Kept[K]): void {
    this.#sql.exec('CREATE TABLE IF NOT EXISTS kept(key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID');
    this.#sql.exec('INSERT OR REPLACE INTO kept(key, body) VALUES (?, ?)', key, JSON.stringify(value));
  }

  delete(key: keyof Kept): void {
    this.#sql.exec('DELETE FROM kept WHERE key = ?', key);
  }
}
