import type { NodeEventOf } from '@patchbay/shared/events';
import type { RecordTrigger } from './record-policy.ts';

export type NoticeKind = NodeEventOf<'recording.noticed'>['kind'];

/** A channel that is recorded, or is to be. Instants in milliseconds. */
export interface ChannelRecording {
  channelId: string;
  sessionId: string;
  /** A session of its own; else the channel's side of the call that it is in. */
  lone: boolean;
  /** Who asked for it; `null`: a rule, or (without `trigger`) the setting `record` of the channel. */
  by: string | null;
  trigger: RecordTrigger | null;
  since: number;
  /** The node records since then; `null`: not yet. */
  started: number | null;
  /** 0: until nobody is left. */
  limitSeconds: number;
  /** How people were shown it. */
  notices: NoticeKind[];
  /** Code of what kept the node from recording. */
  failure: string | null;
  /** Told to end. */
  stopping: boolean;
}

/** What is remembered of a channel between recordings. */
export interface RecordWatch {
  /** The category under which it was made while the bot watched. */
  madeIn: string | null;
  /** Not by a rule before everybody has left once. */
  held: boolean;
  /** Not by a rule before this instant. */
  restUntil: number;
  /** In a row, since somebody came. */
  failures: number;
  /** What the channel was told last: of the same trouble again it is not. */
  told: string | null;
  /** The call in which its recording was stopped: what the node says late of it does not count. */
  stoppedIn: string | null;
}

const UNWATCHED: RecordWatch = { madeIn: null, held: false, restUntil: 0, failures: 0, told: null, stoppedIn: null };
type BodyRow = { body: string };

/** The recordings of a guild's channels, and what their rules wait for: rows in, rows out. */
export class RecordStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS recordings(channel_id TEXT PRIMARY KEY, session_id TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS record_watch(channel_id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
    `);
  }

  of(channelId: string): ChannelRecording | undefined {
    const sql = 'SELECT body FROM recordings WHERE channel_id = ?';
    return this.#sql.exec<BodyRow>(sql, channelId).toArray().map(recordingOf)[0];
  }

  /** The channels that a session records here. */
  ofSession(sessionId: string): ChannelRecording[] {
    const sql = 'SELECT body FROM recordings WHERE session_id = ? ORDER BY channel_id';
    return this.#sql.exec<BodyRow>(sql, sessionId).toArray().map(recordingOf);
  }

  put(recording: ChannelRecording): void {
    const sql = 'INSERT OR REPLACE INTO recordings(channel_id, session_id, body) VALUES (?, ?, ?)';
    this.#sql.exec(sql, recording.channelId, recording.sessionId, JSON.stringify(recording));
  }

  drop(channelId: string): void {
    this.#sql.exec('DELETE FROM recordings WHERE channel_id = ?', channelId);
  }

  watch(channelId: string): RecordWatch {
    const [row] = this.#sql.exec<BodyRow>('SELECT body FROM record_watch WHERE channel_id = ?', channelId).toArray();
    return row ? { ...UNWATCHED, ...(JSON.parse(row.body) as Partial<RecordWatch>) } : UNWATCHED;
  }

  /** What is as for a channel of which nothing is known keeps no row. */
  patchWatch(channelId: string, patch: Partial<RecordWatch>): void {
    const before = this.watch(channelId);
    const body = JSON.stringify({ ...before, ...patch });
    if (body === JSON.stringify(before)) return;
    if (body === JSON.stringify(UNWATCHED)) this.forget(channelId);
    else this.#sql.exec('INSERT OR REPLACE INTO record_watch(channel_id, body) VALUES (?, ?)', channelId, body);
  }

  /** The channel is gone. */
  forget(channelId: string): void {
    this.#sql.exec('DELETE FROM record_watch WHERE channel_id = ?', channelId);
  }
}

const recordingOf = ({ body }: BodyRow) => JSON.parse(body) as ChannelRecording;
