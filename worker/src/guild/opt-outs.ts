/** Whose voices are neither recorded, kept for reports, nor transcribed in this server. Remembered for good. */
import { ulid } from 'ulid';
import type { GuildBook } from './book.ts';
import { privacyChanged } from './privacy.ts';
import { accept, type Reply } from './replies.ts';

/** Opted-out people and since when: rows in, rows out. */
export class OptOuts {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec('CREATE TABLE IF NOT EXISTS opt_outs(user_id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID');
  }

  /** By user id; instants in milliseconds. */
  all(): { userId: string; at: number }[] {
    return this.#sql
      .exec<{ user_id: string; at: number }>('SELECT user_id, at FROM opt_outs ORDER BY user_id')
      .toArray()
      .map((row) => ({ userId: row.user_id, at: row.at }));
  }

  since(userId: string): number | null {
    const sql = 'SELECT at FROM opt_outs WHERE user_id = ?';
    return this.#sql.exec<{ at: number }>(sql, userId).toArray()[0]?.at ?? null;
  }

  put(userId: string, at: number): void {
    this.#sql.exec('INSERT OR IGNORE INTO opt_outs(user_id, at) VALUES (?, ?)', userId, at);
  }

  drop(userId: string): void {
    this.#sql.exec('DELETE FROM opt_outs WHERE user_id = ?', userId);
  }
}

/** `/privacy optout`, or (`out: false`) `optin`. Inside a transaction: the list, and that sessions are told, are stored together. */
export function setOptOut(book: GuildBook, userId: string, out: boolean): Reply {
  const at = Date.now();
  const before = book.optOuts.since(userId);
  if ((before !== null) === out) return out ? accept('opted_out_already', since(before)) : accept('not_opted_out');
  if (out) {
    book.optOuts.put(userId, at);
    book.captions.forgetWordsOf(userId);
  } else book.optOuts.drop(userId);
  privacyChanged(book);
  book.owe('db', { kind: 'consent', id: ulid(at), userId, action: out ? 'optout' : 'optin', at });
  return accept(out ? 'opted_out' : 'opted_in');
}

/** `/privacy status`. */
export function privacyStatus(book: GuildBook, userId: string): Reply {
  const at = book.optOuts.since(userId);
  return at === null ? accept('not_opted_out') : accept('opted_out_already', since(at));
}

const since = (at: number | null) => ({ since: Math.floor((at ?? 0) / 1000) });
