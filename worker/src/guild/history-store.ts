import type { MemberState } from './echoes.ts';

/** A leave (`channelId` null) or a move, as browsers were told of it. */
export type Departure = {
  /** Id of the event. */
  eventId: string;
  previousChannelId: string;
  channelId: string | null;
  at: number;
  /** Of the cause that was told last. */
  certainty: number;
};

/** What members were a moment ago: rows in, rows out. */
export class HistoryStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS member_states(user_id TEXT PRIMARY KEY, body TEXT NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS departures(user_id TEXT PRIMARY KEY, event_id TEXT NOT NULL, previous_channel_id TEXT NOT NULL,
        channel_id TEXT, at REAL NOT NULL, certainty REAL NOT NULL) WITHOUT ROWID;
    `);
  }

  /** What a member was, oldest first; see `echoes.ts`. */
  states(userId: string): MemberState[] {
    const sql = 'SELECT body FROM member_states WHERE user_id = ?';
    const [row] = this.#sql.exec<{ body: string }>(sql, userId).toArray();
    return row ? (JSON.parse(row.body) as MemberState[]) : [];
  }

  usersWithStates(): string[] {
    return this.#sql
      .exec<{ user_id: string }>('SELECT user_id FROM member_states')
      .toArray()
      .map((row) => row.user_id);
  }

  putStates(userId: string, states: readonly MemberState[], at: number): void {
    const sql = 'INSERT OR REPLACE INTO member_states(user_id, body, at) VALUES (?, ?, ?)';
    this.#sql.exec(sql, userId, JSON.stringify(states), at);
  }

  /** The last leave or move of a member, for what is found out about it later. */
  departure(userId: string): Departure | undefined {
    const sql = `SELECT event_id AS eventId, previous_channel_id AS previousChannelId, channel_id AS channelId, at, certainty
      FROM departures WHERE user_id = ?`;
    return this.#sql.exec<Departure>(sql, userId).toArray()[0];
  }

  putDeparture(userId: string, { eventId, previousChannelId, channelId, at, certainty }: Departure): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO departures(user_id, event_id, previous_channel_id, channel_id, at, certainty)
        VALUES (?, ?, ?, ?, ?, ?)`,
      userId,
      eventId,
      previousChannelId,
      channelId,
      at,
      certainty,
    );
  }

  forget(before: number): void {
    this.#sql.exec('DELETE FROM departures WHERE at < ?', before);
    this.#sql.exec('DELETE FROM member_states WHERE at < ?', before);
  }
}
