import type { ChannelState } from '@patchbay/shared/hub-protocol';
import type { ChannelUse, Hold } from './channel-policy.ts';
import type { KnownMember, PresenceChange, Reported } from './presence.ts';

type ChannelRow = {
  channel_id: string;
  name: string;
  present: number;
  configured: number;
  held: number;
  rest_until: number;
  use: string;
  ticket_id: string | null;
  session_id: string | null;
  since: number;
};
type MemberRow = {
  user_id: string;
  channel_id: string | null;
  display_name: string;
  bot: number;
  self_mute: number;
  self_deaf: number;
  server_mute: number;
  server_deaf: number;
  as_of: number;
  node_id: string;
};

export interface Channel {
  channelId: string;
  name: string;
  configured: boolean;
  hold: Hold;
  restUntil: number;
  use: ChannelUse;
  ticketId: string | null;
  sessionId: string | null;
  since: number;
}

/** `hold` as it is stored. */
const holds: readonly Hold[] = ['none', 'until-empty', 'until-join'];

const channelOf = (row: ChannelRow): Channel => ({
  channelId: row.channel_id,
  name: row.name,
  configured: row.configured === 1,
  hold: holds[row.held] ?? 'none',
  restUntil: row.rest_until,
  use: row.use as ChannelUse,
  ticketId: row.ticket_id,
  sessionId: row.session_id,
  since: row.since,
});
const memberOf = (row: MemberRow): KnownMember => ({
  userId: row.user_id,
  channelId: row.channel_id,
  displayName: row.display_name,
  bot: row.bot === 1,
  selfMute: row.self_mute === 1,
  selfDeaf: row.self_deaf === 1,
  ...(row.server_mute === 1 ? { serverMute: true } : {}),
  ...(row.server_deaf === 1 ? { serverDeaf: true } : {}),
  asOf: row.as_of,
  nodeId: row.node_id,
});

/** A channel's state as browsers see it. */
export function stateOf(channel: Channel): ChannelState {
  if (channel.use === 'waiting') return { kind: 'waiting', ticketId: channel.ticketId ?? '', since: channel.since };
  if (channel.use === 'session') return { kind: 'session', sessionId: channel.sessionId ?? '' };
  return { kind: 'idle' };
}

/** The tables of a guild: rows in, rows out, no decisions. */
export class GuildStore {
  readonly sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS channels(channel_id TEXT PRIMARY KEY, name TEXT NOT NULL, present INTEGER NOT NULL DEFAULT 1,
        configured INTEGER NOT NULL DEFAULT 0, held INTEGER NOT NULL DEFAULT 0,
        rest_until INTEGER NOT NULL DEFAULT 0, use TEXT NOT NULL DEFAULT 'idle', ticket_id TEXT,
        session_id TEXT, since INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS members(user_id TEXT PRIMARY KEY, channel_id TEXT, display_name TEXT NOT NULL,
        bot INTEGER NOT NULL, self_mute INTEGER NOT NULL, self_deaf INTEGER NOT NULL, as_of REAL NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS session_channels(session_id TEXT NOT NULL, channel_id TEXT NOT NULL,
        PRIMARY KEY(session_id, channel_id)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS identities(identity_id TEXT PRIMARY KEY, node_id TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS legs(leg_id TEXT PRIMARY KEY, channel_id TEXT NOT NULL UNIQUE,
        identity_id TEXT NOT NULL UNIQUE) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS leg_uses(leg_id TEXT NOT NULL, session_id TEXT NOT NULL,
        PRIMARY KEY(leg_id, session_id)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS sessions(session_id TEXT PRIMARY KEY, view TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS watermarks(node_id TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
        PRIMARY KEY(node_id, stream)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS interactions(id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
    `);
    this.#addColumn('members', 'server_mute', 'INTEGER NOT NULL DEFAULT 0');
    this.#addColumn('members', 'server_deaf', 'INTEGER NOT NULL DEFAULT 0');
    this.#addColumn('members', 'node_id', "TEXT NOT NULL DEFAULT ''");
  }

  /** For objects that were made before the column was. */
  #addColumn(table: string, column: string, definition: string): void {
    const sql = 'SELECT 1 FROM pragma_table_info(?) WHERE name = ?';
    if (this.sql.exec(sql, table, column).toArray().length > 0) return;
    this.sql.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${definition}`);
  }

  meta(key: string): string | undefined {
    return this.sql.exec<{ value: string }>('SELECT value FROM meta WHERE key = ?', key).toArray()[0]?.value;
  }

  setMeta(key: string, value: string): void {
    this.sql.exec('INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)', key, value);
  }

  channels(): Channel[] {
    return this.sql
      .exec<ChannelRow>('SELECT * FROM channels WHERE present = 1 ORDER BY channel_id')
      .toArray()
      .map(channelOf);
  }

  /**
   * Every channel of which there may be something to tell: those that are there, and deleted ones that a session was in. Whoever could
   * see such a channel shall hear how its session ended.
   */
  tellableChannels(): { channelId: string; name: string }[] {
    const inSessions =
      'SELECT used.channel_id FROM session_channels used JOIN sessions ON sessions.session_id = used.session_id';
    return this.sql
      .exec<ChannelRow>(`SELECT * FROM channels WHERE present = 1 OR channel_id IN (${inSessions}) ORDER BY channel_id`)
      .toArray()
      .map(channelOf);
  }

  channel(channelId: string): Channel | undefined {
    const sql = 'SELECT * FROM channels WHERE channel_id = ? AND present = 1';
    return this.sql.exec<ChannelRow>(sql, channelId).toArray().map(channelOf)[0];
  }

  /** Also of a channel that is gone. */
  channelName(channelId: string): string | undefined {
    const sql = 'SELECT name FROM channels WHERE channel_id = ?';
    return this.sql.exec<{ name: string }>(sql, channelId).toArray()[0]?.name;
  }

  /** A deleted channel keeps its row: a channel that reappears in a later snapshot keeps its settings. */
  putChannel(channelId: string, name: string): void {
    this.sql.exec(
      'INSERT INTO channels(channel_id, name) VALUES (?, ?) ON CONFLICT(channel_id) DO UPDATE SET name = excluded.name, present = 1',
      channelId,
      name,
    );
  }

  removeChannel(channelId: string): void {
    this.sql.exec(
      "UPDATE channels SET present = 0, use = 'idle', ticket_id = NULL, session_id = NULL WHERE channel_id = ?",
      channelId,
    );
  }

  /** Whether the channel is queued when people join; setting it up ends a hold and a rest. */
  setConfigured(channelId: string, configured: boolean): void {
    this.sql.exec(
      'UPDATE channels SET configured = ?, held = 0, rest_until = 0 WHERE channel_id = ?',
      configured ? 1 : 0,
      channelId,
    );
  }

  setUse(
    channelId: string,
    use: ChannelUse,
    of: { ticketId?: string | null; sessionId?: string; since?: number },
  ): void {
    this.sql.exec(
      'UPDATE channels SET use = ?, ticket_id = ?, session_id = ?, since = coalesce(?, since) WHERE channel_id = ?',
      use,
      of.ticketId ?? null,
      of.sessionId ?? null,
      of.since ?? null,
      channelId,
    );
  }

  setRest(channelId: string, hold: Hold, restUntil: number): void {
    const sql = 'UPDATE channels SET held = ?, rest_until = ? WHERE channel_id = ?';
    this.sql.exec(sql, holds.indexOf(hold), restUntil, channelId);
  }

  humans(channelId: string): number {
    const sql = 'SELECT count(*) AS humans FROM members WHERE channel_id = ? AND bot = 0';
    return this.sql.exec<{ humans: number }>(sql, channelId).one().humans;
  }

  /** Who is in a channel, without bots. */
  people(channelId: string): string[] {
    return this.sql
      .exec<{ user_id: string }>(
        'SELECT user_id FROM members WHERE channel_id = ? AND bot = 0 ORDER BY user_id',
        channelId,
      )
      .toArray()
      .map((row) => row.user_id);
  }

  /** The channel of a leg that is leased. */
  channelOfLeg(legId: string): string | undefined {
    const sql = 'SELECT channel_id FROM legs WHERE leg_id = ?';
    return this.sql.exec<{ channel_id: string }>(sql, legId).toArray()[0]?.channel_id;
  }

  member(userId: string): KnownMember | undefined {
    return this.sql.exec<MemberRow>('SELECT * FROM members WHERE user_id = ?', userId).toArray().map(memberOf)[0];
  }

  members(): KnownMember[] {
    return this.sql.exec<MemberRow>('SELECT * FROM members ORDER BY user_id').toArray().map(memberOf);
  }

  /** Stores one change of presence. Who left keeps a row for a while, so that an older report cannot bring them back. */
  applyChange(change: PresenceChange, { at, nodeId }: Reported): void {
    if (change.kind === 'left') {
      const sql = 'UPDATE members SET channel_id = NULL, as_of = ?, node_id = ? WHERE user_id = ?';
      this.sql.exec(sql, at, nodeId, change.userId);
      return;
    }
    const { member } = change;
    this.sql.exec(
      `INSERT OR REPLACE INTO members(user_id, channel_id, display_name, bot, self_mute, self_deaf, server_mute, server_deaf,
        as_of, node_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      member.userId,
      member.channelId,
      member.displayName,
      member.bot ? 1 : 0,
      member.selfMute ? 1 : 0,
      member.selfDeaf ? 1 : 0,
      member.serverMute ? 1 : 0,
      member.serverDeaf ? 1 : 0,
      at,
      nodeId,
    );
  }

  forgetAbsent(before: number): void {
    this.sql.exec('DELETE FROM members WHERE channel_id IS NULL AND as_of < ?', before);
  }

  /** Do several voice nodes report this guild, or does one that is not known here? */
  isReportedByOthersThan(nodeId: string): boolean {
    return this.sql.exec('SELECT 1 FROM identities WHERE node_id != ? LIMIT 1', nodeId).toArray().length > 0;
  }

  /** The channels of this guild that a session is or was in. */
  channelsOfSession(sessionId: string): string[] {
    return this.sql
      .exec<{ channel_id: string }>('SELECT channel_id FROM session_channels WHERE session_id = ?', sessionId)
      .toArray()
      .map((row) => row.channel_id);
  }

  noteSessionChannel(sessionId: string, channelId: string): void {
    const sql = 'INSERT OR IGNORE INTO session_channels(session_id, channel_id) VALUES (?, ?)';
    this.sql.exec(sql, sessionId, channelId);
  }

  watermark(nodeId: string, stream: string): number | undefined {
    const sql = 'SELECT seq FROM watermarks WHERE node_id = ? AND stream = ?';
    return this.sql.exec<{ seq: number }>(sql, nodeId, stream).toArray()[0]?.seq;
  }

  setWatermark(nodeId: string, stream: string, seq: number): void {
    this.sql.exec('INSERT OR REPLACE INTO watermarks(node_id, stream, seq) VALUES (?, ?, ?)', nodeId, stream, seq);
  }
}
