import { type StoredSettings, storedSettingsSchema } from './settings.ts';
import type { GuildTicket } from './ticket.ts';

type BodyRow = { body: string };

/** Facts of a channel that the voice node sees in Discord. */
export interface ChannelFacts {
  ageRestricted: boolean;
  /** Permissions that the bot lacks in the channel, by Discord's names; `null` = not told yet. */
  missing: string[] | null;
}

/** Where the server's defaults stand: no channel has this id. */
export const DEFAULTS = '';

/** Settings, blocks, tickets and facts of channels: rows in, rows out, no decisions. */
export class SettingsStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS settings(channel_id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS blocks(guild_id TEXT PRIMARY KEY, name TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS tickets(channel_id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS facts(channel_id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
    `);
  }

  /** What was set for a channel, or as {@link DEFAULTS}. A setting that a newer version does not know any more is left out. */
  stored(channelId: string): StoredSettings {
    const [row] = this.#sql.exec<BodyRow>('SELECT body FROM settings WHERE channel_id = ?', channelId).toArray();
    const parsed = storedSettingsSchema.safeParse(row ? JSON.parse(row.body) : {});
    return parsed.success ? parsed.data : {};
  }

  put(channelId: string, settings: StoredSettings): void {
    const sql = 'INSERT OR REPLACE INTO settings(channel_id, body) VALUES (?, ?)';
    this.#sql.exec(sql, channelId, JSON.stringify(settings));
  }

  drop(channelId: string): void {
    this.#sql.exec('DELETE FROM settings WHERE channel_id = ?', channelId);
  }

  /** Blocked servers, in the order of their names. */
  blocks(): { guildId: string; name: string; at: number }[] {
    return this.#sql
      .exec<{ guild_id: string; name: string; at: number }>('SELECT * FROM blocks ORDER BY name, at, guild_id')
      .toArray()
      .map((row) => ({ guildId: row.guild_id, name: row.name, at: row.at }));
  }

  block(guildId: string, name: string, at: number): void {
    this.#sql.exec('INSERT OR REPLACE INTO blocks(guild_id, name, at) VALUES (?, ?, ?)', guildId, name, at);
  }

  unblock(guildId: string): void {
    this.#sql.exec('DELETE FROM blocks WHERE guild_id = ?', guildId);
  }

  /** The ticket that a channel waits with, as the matchmaker was told it. */
  ticket(channelId: string): GuildTicket | null {
    const [row] = this.#sql.exec<BodyRow>('SELECT body FROM tickets WHERE channel_id = ?', channelId).toArray();
    return row ? (JSON.parse(row.body) as GuildTicket) : null;
  }

  putTicket(ticket: GuildTicket): void {
    const sql = 'INSERT OR REPLACE INTO tickets(channel_id, body) VALUES (?, ?)';
    this.#sql.exec(sql, ticket.channelId, JSON.stringify(ticket));
  }

  facts(channelId: string): ChannelFacts {
    const [row] = this.#sql.exec<BodyRow>('SELECT body FROM facts WHERE channel_id = ?', channelId).toArray();
    return row ? (JSON.parse(row.body) as ChannelFacts) : { ageRestricted: false, missing: null };
  }

  putFacts(channelId: string, facts: ChannelFacts): void {
    const sql = 'INSERT OR REPLACE INTO facts(channel_id, body) VALUES (?, ?)';
    this.#sql.exec(sql, channelId, JSON.stringify(facts));
  }
}
