/** The node's own file: outbox and tombstones, in SQLite, so that a restart forgets nothing. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Client, createClient } from '@libsql/client';
import type { Tombstone } from '@patchbay/shared/control-messages';
import { tombstoneSchema } from '@patchbay/shared/control-messages';
import { monotonicFactory } from 'ulid';

const schema = [
  'CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
  // `position` keeps the order over all guilds; `sequence` is the one that the control plane sees.
  `CREATE TABLE IF NOT EXISTS outbox (
     position INTEGER PRIMARY KEY AUTOINCREMENT, guild_id TEXT NOT NULL, sequence INTEGER NOT NULL, event TEXT NOT NULL)`,
  'CREATE UNIQUE INDEX IF NOT EXISTS outbox_by_guild ON outbox (guild_id, sequence)',
  'CREATE TABLE IF NOT EXISTS sequences (guild_id TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID',
  'CREATE TABLE IF NOT EXISTS tombstones (session_id TEXT PRIMARY KEY, at REAL NOT NULL, body TEXT NOT NULL) WITHOUT ROWID',
];

/** A tombstone that nobody asked for during a day speaks of a session that nobody knows any more. ms */
const TOMBSTONE_LIFE_MS = 24 * 60 * 60 * 1000;

export class NodeStore {
  readonly client: Client;
  /** Names this file: a new file counts its events from 1 again. */
  readonly stream: string;
  readonly #tombstones: Map<string, Tombstone>;

  private constructor(client: Client, stream: string, tombstones: Map<string, Tombstone>) {
    this.client = client;
    this.stream = stream;
    this.#tombstones = tombstones;
  }

  static async open(directory: string): Promise<NodeStore> {
    await mkdir(directory, { recursive: true });
    const client = createClient({ url: `file:${join(resolve(directory), 'node.db')}` });
    await client.execute('PRAGMA journal_mode = WAL');
    await client.execute('PRAGMA synchronous = NORMAL');
    await client.batch(schema, 'write');
    await client.execute({
      sql: "INSERT INTO meta (name, value) VALUES ('stream', ?) ON CONFLICT DO NOTHING",
      args: [monotonicFactory()()],
    });
    const { rows } = await client.execute("SELECT value FROM meta WHERE name = 'stream'");
    await client.execute({ sql: 'DELETE FROM tombstones WHERE at < ?', args: [Date.now() - TOMBSTONE_LIFE_MS] });
    const kept = await client.execute('SELECT body FROM tombstones');
    const tombstones = kept.rows.map((row) => tombstoneSchema.parse(JSON.parse(String(row.body))));
    return new NodeStore(client, String(rows[0]?.value), new Map(tombstones.map((one) => [one.sessionId, one])));
  }

  get tombstones(): Tombstone[] {
    return [...this.#tombstones.values()];
  }

  tombstone(sessionId: string): Tombstone | undefined {
    return this.#tombstones.get(sessionId);
  }

  /** When this resolves, the end of the session survives the process. */
  async bury(tombstone: Tombstone): Promise<void> {
    this.#tombstones.set(tombstone.sessionId, tombstone);
    await this.client.execute({
      sql: 'INSERT OR REPLACE INTO tombstones (session_id, at, body) VALUES (?, ?, ?)',
      args: [tombstone.sessionId, tombstone.at, JSON.stringify(tombstone)],
    });
  }

  /** The control plane knows of the ends. */
  async forget(sessionIds: readonly string[]): Promise<void> {
    for (const sessionId of sessionIds) {
      this.#tombstones.delete(sessionId);
      await this.client.execute({ sql: 'DELETE FROM tombstones WHERE session_id = ?', args: [sessionId] });
    }
  }

  close(): void {
    this.client.close();
  }
}
