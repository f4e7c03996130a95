/** `/call report`: keeps who, when, with whom and why, and has the last ten seconds sealed while the call runs. */
import { ulid } from 'ulid';
import type { ReplyHandle, ReportedCall } from '../report/record.ts';
import type { GuildBook } from './book.ts';
import { accept, type Reply, refuse } from './replies.ts';

/** A call may be reported for so long after its beginning was noted, also when it is over. Milliseconds. */
const REPORTABLE_MS = 24 * 3_600_000;
/** The same person may report the same call again after this. Milliseconds. */
const AGAIN_MS = 60_000;

export interface ReportRequest {
  channelId: string;
  userId: string;
  reason: string;
  /** The call that a panel showed; without it the channel's running or last one. */
  sessionId?: string | undefined;
  /** To tell the reporter how the sealing came out. */
  reply?: ReplyHandle;
}

/** Who reported what within the last minute: rows in, rows out. */
export class ReportLog {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS reported(session_id TEXT NOT NULL, user_id TEXT NOT NULL, at INTEGER NOT NULL,
      PRIMARY KEY(session_id, user_id)) WITHOUT ROWID`);
  }

  /** When the person may report the call again, if they did just now; else it is noted. */
  note(sessionId: string, userId: string, now: number): number | null {
    this.#sql.exec('DELETE FROM reported WHERE at <= ?', now - AGAIN_MS);
    const sql = 'SELECT at FROM reported WHERE session_id = ? AND user_id = ?';
    const [known] = this.#sql.exec<{ at: number }>(sql, sessionId, userId).toArray();
    if (known) return known.at + AGAIN_MS;
    this.#sql.exec('INSERT INTO reported(session_id, user_id, at) VALUES (?, ?, ?)', sessionId, userId, now);
    return null;
  }
}

/** Keeps a report of the call that the channel is in, or of its last one. Inside a transaction. */
export function report(book: GuildBook, request: ReportRequest): Reply {
  const now = Date.now();
  const { channelId, userId, reason, reply } = request;
  const found = book.calls
    .recent()
    .find(
      (each) =>
        each.channelId === channelId &&
        each.connected &&
        now - each.at < REPORTABLE_MS &&
        (request.sessionId ?? each.sessionId) === each.sessionId,
    );
  if (!found) return refuse('not_reportable', { channel: channelId });
  const { sessionId, partners } = found;
  const again = book.reported.note(sessionId, userId, now);
  if (again !== null) return refuse('reported_lately', { until: Math.ceil(again / 1000) });
  const reportId = ulid(now);
  const call: ReportedCall = { reportId, sessionId, guildId: book.id, channelId, userId, reason, partners, at: now };
  const runs = book.store.channel(channelId)?.sessionId === sessionId;
  const view = book.views().find((each) => each.sessionId === sessionId);
  const sealing = runs && book.rules().sealing && view?.sealable !== undefined;
  book.owe(`report:${reportId}`, { kind: 'report', call, sealing, ...(sealing && reply ? { reply } : {}) });
  return accept(sealing ? 'reported_sealing' : 'reported', { report: reportId });
}
