import type { Intent } from './channel-policy.ts';

/** A server on the other side of a call. */
export interface Partner {
  guildId: string;
  /** As it wished to be named; empty until the session says so. */
  name: string;
}

/** One use of a channel by a session, as this server remembers it. */
export interface Call {
  sessionId: string;
  channelId: string;
  partners: Partner[];
  /** What the people of this channel asked for while it ran. */
  intent: Intent | null;
  /** Was this side's leg ever connected? */
  connected: boolean;
  at: number;
}

type CallRow = {
  session_id: string;
  channel_id: string;
  partners: string;
  intent: string | null;
  connected: number;
  at: number;
};
const callOf = (row: CallRow): Call => ({
  sessionId: row.session_id,
  channelId: row.channel_id,
  partners: JSON.parse(row.partners) as Partner[],
  intent: row.intent as Intent | null,
  connected: row.connected === 1,
  at: row.at,
});

/** So many calls are remembered for "not the same partner again", blocking by name and reports. */
const KEPT = 50;

/** The calls of a guild, running and past: rows in, rows out. */
export class CallLog {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS calls(session_id TEXT NOT NULL, channel_id TEXT NOT NULL, partners TEXT NOT NULL,
        intent TEXT, connected INTEGER NOT NULL DEFAULT 0, at INTEGER NOT NULL,
        PRIMARY KEY(session_id, channel_id)) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS calls_at ON calls(at);
    `);
  }

  /** Notes a call when its leg is leased. A channel that left and comes back wants what it wanted then no longer. */
  begin(sessionId: string, channelId: string, partners: readonly string[], at: number): void {
    this.#sql.exec(
      `INSERT INTO calls(session_id, channel_id, partners, at) VALUES (?, ?, ?, ?)
        ON CONFLICT(session_id, channel_id) DO UPDATE SET intent = NULL`,
      sessionId,
      channelId,
      JSON.stringify(partners.map((guildId) => ({ guildId, name: '' }))),
      at,
    );
    this.#sql.exec(
      `DELETE FROM calls WHERE at < (SELECT min(at) FROM (SELECT at FROM calls ORDER BY at DESC LIMIT ${KEPT}))`,
    );
  }

  of(sessionId: string, channelId: string): Call | undefined {
    const sql = 'SELECT * FROM calls WHERE session_id = ? AND channel_id = ?';
    return this.#sql.exec<CallRow>(sql, sessionId, channelId).toArray().map(callOf)[0];
  }

  ofSession(sessionId: string): Call[] {
    return this.#sql.exec<CallRow>('SELECT * FROM calls WHERE session_id = ?', sessionId).toArray().map(callOf);
  }

  /** Newest first. */
  recent(): Call[] {
    return this.#sql.exec<CallRow>('SELECT * FROM calls ORDER BY at DESC, session_id DESC').toArray().map(callOf);
  }

  update({ sessionId, channelId, partners, intent, connected }: Call): void {
    this.#sql.exec(
      'UPDATE calls SET partners = ?, intent = ?, connected = ? WHERE session_id = ? AND channel_id = ?',
      JSON.stringify(partners),
      intent,
      connected ? 1 : 0,
      sessionId,
      channelId,
    );
  }
}
