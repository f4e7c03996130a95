/** Which channels only listen to the session that they are in: rows in, rows out. */
export class Listeners {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(
      'CREATE TABLE IF NOT EXISTS listeners(channel_id TEXT PRIMARY KEY, session_id TEXT NOT NULL) WITHOUT ROWID',
    );
  }

  begin(channelId: string, sessionId: string): void {
    this.#sql.exec('INSERT OR REPLACE INTO listeners(channel_id, session_id) VALUES (?, ?)', channelId, sessionId);
  }

  /** Forgets it; was the channel listening to this session? */
  end(channelId: string, sessionId: string): boolean {
    const sql = 'DELETE FROM listeners WHERE channel_id = ? AND session_id = ?';
    return this.#sql.exec(sql, channelId, sessionId).rowsWritten > 0;
  }

  has(channelId: string, sessionId: string | null): boolean {
    const sql = 'SELECT 1 FROM listeners WHERE channel_id = ? AND session_id = ?';
    return this.#sql.exec(sql, channelId, sessionId).toArray().length > 0;
  }
}
