import type { HubEvents } from '@patchbay/shared/hub-protocol';
import type { TranscriptObject } from '../../captions/place.ts';
import type { GuildStore } from '../store.ts';
import { type CaptionsSettings, captionsSettingsSchema } from './settings.ts';

export type CaptionFinal = HubEvents['caption.final'];
export type CaptionState = HubEvents['caption.state'];

/** The captions of one channel in one session. */
export interface Captioned {
  channelId: string;
  sessionId: string;
  /** Wanted by this server. `false`: stopped, or wanted by the other side of the call alone. */
  on: boolean;
  /** The session is there for its captions alone. */
  alone: boolean;
  /** Its people were shown that they are captioned. */
  noticed: boolean;
  /** How captioning stands, in JSON; `null`: not told yet. */
  state: CaptionState | null;
}

export interface StoredTranscript {
  sessionId: string;
  channelId: string;
  objects: TranscriptObject[];
}

type CaptionedRow = {
  channel_id: string;
  session_id: string;
  is_on: number;
  alone: number;
  noticed: number;
  state: string | null;
};

/** What was said is kept so long for those who come late, and at most so many parts of it. */
export const CAPTIONS_KEPT_MS = 300_000;
const MOST_CAPTIONS = 400;
/** So many people may have a language of their own; the choice of the one who made it longest ago gives way. */
const MOST_LANGUAGES = 500;
/** Transcripts of so many sessions can be asked for by the button. */
const MOST_TRANSCRIPTS = 500;

/** Captions of a guild: rows in, rows out, no decisions. */
export class CaptionsStore {
  readonly #store: GuildStore;

  constructor(store: GuildStore) {
    this.#store = store;
    store.sql.exec(`
      CREATE TABLE IF NOT EXISTS captioned(channel_id TEXT NOT NULL, session_id TEXT NOT NULL, is_on INTEGER NOT NULL,
        alone INTEGER NOT NULL, noticed INTEGER NOT NULL DEFAULT 0, state TEXT, PRIMARY KEY(channel_id, session_id)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS captions(caption_id TEXT PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS captions_at ON captions(at);
      CREATE TABLE IF NOT EXISTS caption_languages(user_id TEXT PRIMARY KEY, language TEXT NOT NULL, at INTEGER NOT NULL)
        WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS transcripts(session_id TEXT PRIMARY KEY, channel_id TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS captioned_people(session_id TEXT NOT NULL, user_id TEXT NOT NULL,
        PRIMARY KEY(session_id, user_id)) WITHOUT ROWID;
    `);
  }

  settings(): CaptionsSettings {
    const parsed = captionsSettingsSchema.safeParse(JSON.parse(this.#store.meta('captions.settings') ?? '{}'));
    return parsed.data ?? captionsSettingsSchema.parse({});
  }

  putSettings(settings: CaptionsSettings): void {
    this.#store.setMeta('captions.settings', JSON.stringify(settings));
  }

  /** Forgets what was set, the languages of people too. */
  forgetSettings(): void {
    this.#store.setMeta('captions.settings', '{}');
    this.#store.sql.exec('DELETE FROM caption_languages');
  }

  languages(): Record<string, string> {
    const sql = 'SELECT user_id, language FROM caption_languages ORDER BY user_id';
    const rows = this.#store.sql.exec<{ user_id: string; language: string }>(sql).toArray();
    return Object.fromEntries(rows.map((row) => [row.user_id, row.language]));
  }

  /** `null`: that of the server. */
  setLanguage(userId: string, language: string | null, at: number): void {
    const { sql } = this.#store;
    sql.exec('DELETE FROM caption_languages WHERE user_id = ?', userId);
    if (language === null) return;
    sql.exec('INSERT INTO caption_languages(user_id, language, at) VALUES (?, ?, ?)', userId, language, at);
    const rest = 'SELECT user_id FROM caption_languages ORDER BY at DESC, user_id LIMIT -1 OFFSET ?';
    sql.exec(`DELETE FROM caption_languages WHERE user_id IN (${rest})`, MOST_LANGUAGES);
  }

  captioned(): Captioned[] {
    return this.#store.sql
      .exec<CaptionedRow>('SELECT * FROM captioned ORDER BY session_id, channel_id')
      .toArray()
      .map((row) => ({
        channelId: row.channel_id,
        sessionId: row.session_id,
        on: row.is_on === 1,
        alone: row.alone === 1,
        noticed: row.noticed === 1,
        state: row.state === null ? null : (JSON.parse(row.state) as CaptionState),
      }));
  }

  /** How one channel is captioned in one session. */
  of(channelId: string, sessionId: string): Captioned | undefined {
    return this.captioned().find((each) => each.channelId === channelId && each.sessionId === sessionId);
  }

  /** The session in which this server has a channel captioned. */
  running(channelId: string): Captioned | undefined {
    return this.captioned().find((each) => each.channelId === channelId && each.on);
  }

  put({ channelId, sessionId, on, alone, noticed, state }: Captioned): void {
    this.#store.sql.exec(
      'INSERT OR REPLACE INTO captioned(channel_id, session_id, is_on, alone, noticed, state) VALUES (?, ?, ?, ?, ?, ?)',
      channelId,
      sessionId,
      on ? 1 : 0,
      alone ? 1 : 0,
      noticed ? 1 : 0,
      state === null ? null : JSON.stringify(state),
    );
  }

  /** A session is over, or (with a channel) one leg of it. */
  drop(sessionId: string, channelId?: string): void {
    const sql = 'DELETE FROM captioned WHERE session_id = ?1 AND (?2 IS NULL OR channel_id = ?2)';
    this.#store.sql.exec(sql, sessionId, channelId ?? null);
  }

  /** Keeps what was said for late comers; `false` when it is known. */
  add(final: CaptionFinal, now: number): boolean {
    const { sql } = this.#store;
    sql.exec('DELETE FROM captions WHERE at < ?', now - CAPTIONS_KEPT_MS);
    const insert = 'INSERT OR IGNORE INTO captions(caption_id, at, body) VALUES (?, ?, ?)';
    if (sql.exec(insert, final.captionId, now, JSON.stringify(final)).rowsWritten === 0) return false;
    const rest = 'SELECT caption_id FROM captions ORDER BY at DESC, caption_id DESC LIMIT -1 OFFSET ?';
    sql.exec(`DELETE FROM captions WHERE caption_id IN (${rest})`, MOST_CAPTIONS);
    return true;
  }

  /** What was said in the last minutes of these sessions, in the order of its time. */
  recent(now: number, sessionIds: ReadonlySet<string>): CaptionFinal[] {
    return this.#store.sql
      .exec<{ body: string }>('SELECT body FROM captions WHERE at >= ? ORDER BY at, caption_id', now - CAPTIONS_KEPT_MS)
      .toArray()
      .map(({ body }) => JSON.parse(body) as CaptionFinal)
      .filter(({ sessionId }) => sessionIds.has(sessionId))
      .sort((left, right) => left.startMs - right.startMs);
  }

  /** What a person said is kept for nobody any more. */
  forgetWordsOf(userId: string): void {
    this.#store.sql.exec("DELETE FROM captions WHERE json_extract(body, '$.userId') = ?", userId);
  }

  /** Somebody was there while it was captioned. */
  notePerson(sessionId: string, userId: string): void {
    this.#store.sql.exec(
      'INSERT OR IGNORE INTO captioned_people(session_id, user_id) VALUES (?, ?)',
      sessionId,
      userId,
    );
  }

  wasThere(sessionId: string, userId: string): boolean {
    const sql = 'SELECT 1 FROM captioned_people WHERE session_id = ? AND user_id = ?';
    return this.#store.sql.exec(sql, sessionId, userId).toArray().length > 0;
  }

  transcript(sessionId: string): StoredTranscript | undefined {
    const [row] = this.#store.sql
      .exec<{ body: string }>('SELECT body FROM transcripts WHERE session_id = ?', sessionId)
      .toArray();
    return row && (JSON.parse(row.body) as StoredTranscript);
  }

  /** Ids of sessions are in the order of their start: the oldest give way, with the people who were there. */
  putTranscript(transcript: StoredTranscript): void {
    const { sql } = this.#store;
    const insert = 'INSERT OR REPLACE INTO transcripts(session_id, channel_id, body) VALUES (?, ?, ?)';
    sql.exec(insert, transcript.sessionId, transcript.channelId, JSON.stringify(transcript));
    const oldest = sql
      .exec<{ session_id: string }>(
        'SELECT session_id FROM transcripts ORDER BY session_id DESC LIMIT 1 OFFSET ?',
        MOST_TRANSCRIPTS - 1,
      )
      .toArray()[0]?.session_id;
    if (oldest === undefined) return;
    sql.exec('DELETE FROM transcripts WHERE session_id < ?', oldest);
    sql.exec('DELETE FROM captioned_people WHERE session_id < ?', oldest);
  }
}
