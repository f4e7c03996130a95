import type { helloSchema, identityReportSchema } from '@patchbay/shared/control-messages';
import type { EndReason } from '@patchbay/shared/end-reason';
import type { SessionSpec } from '@patchbay/shared/session-spec';
import type { z } from 'zod';
import type { IdentityOwner, NodeLoad } from './placement.ts';
import type { Desired } from './reconcile.ts';

export type Hello = z.infer<typeof helloSchema>;
export type IdentityReport = z.infer<typeof identityReportSchema>;

type DesiredRow = {
  session_id: string;
  node_id: string;
  spec: string;
  base: number;
  ending: string | null;
  ended_by: string | null;
};
const desiredOf = (row: DesiredRow): Desired & { nodeId: string } => ({
  nodeId: row.node_id,
  spec: JSON.parse(row.spec) as SessionSpec,
  base: row.base,
  ending: row.ending as EndReason | null,
  by: row.ended_by,
});

/** The tables of the fleet: rows in, rows out. */
export class FleetStore {
  readonly sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS nodes(node_id TEXT PRIMARY KEY, boot_id TEXT NOT NULL, capacity INTEGER NOT NULL,
        last_seen INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS identities(identity_id TEXT PRIMARY KEY, node_id TEXT NOT NULL, boot_id TEXT NOT NULL,
        epoch INTEGER NOT NULL, rank INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS memberships(guild_id TEXT NOT NULL, identity_id TEXT NOT NULL,
        PRIMARY KEY(guild_id, identity_id)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS desired(session_id TEXT PRIMARY KEY, node_id TEXT NOT NULL, spec TEXT NOT NULL,
        base INTEGER NOT NULL, ending TEXT, ended_by TEXT) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS relays(node_id TEXT PRIMARY KEY) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS mailers(node_id TEXT PRIMARY KEY) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS nonces(nonce TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) WITHOUT ROWID;
    `);
  }

  putNode(hello: Hello, now: number): void {
    this.sql.exec(
      'INSERT OR REPLACE INTO nodes(node_id, boot_id, capacity, last_seen) VALUES (?, ?, ?, ?)',
      hello.nodeId,
      hello.bootId,
      hello.capacity,
      now,
    );
    const relays = hello.relay
      ? 'INSERT OR IGNORE INTO relays(node_id) VALUES (?)'
      : 'DELETE FROM relays WHERE node_id = ?';
    this.sql.exec(relays, hello.nodeId);
    const mailers = hello.mail
      ? 'INSERT OR IGNORE INTO mailers(node_id) VALUES (?)'
      : 'DELETE FROM mailers WHERE node_id = ?';
    this.sql.exec(mailers, hello.nodeId);
  }

  /** Can the node send mails? */
  canMail(nodeId: string): boolean {
    return this.sql.exec('SELECT 1 FROM mailers WHERE node_id = ?', nodeId).toArray().length > 0;
  }

  /** Can a node that serves the guild relay text? */
  canRelay(guildId: string): boolean {
    const sql =
      'SELECT 1 FROM memberships JOIN identities USING(identity_id) JOIN relays USING(node_id) WHERE guild_id = ? LIMIT 1';
    return this.sql.exec(sql, guildId).toArray().length > 0;
  }

  bootOf(nodeId: string): string | undefined {
    return this.sql.exec<{ boot_id: string }>('SELECT boot_id FROM nodes WHERE node_id = ?', nodeId).toArray()[0]
      ?.boot_id;
  }

  lastSeen(nodeId: string): number {
    const sql = 'SELECT last_seen FROM nodes WHERE node_id = ?';
    return this.sql.exec<{ last_seen: number }>(sql, nodeId).toArray()[0]?.last_seen ?? 0;
  }

  touchNode(nodeId: string, at: number): void {
    this.sql.exec('UPDATE nodes SET last_seen = max(last_seen, ?) WHERE node_id = ?', at, nodeId);
  }

  nodeIds(): string[] {
    return this.sql
      .exec<{ node_id: string }>('SELECT node_id FROM nodes')
      .toArray()
      .map((row) => row.node_id);
  }

  owner(identityId: string): Omit<IdentityOwner, 'online'> | undefined {
    const sql = 'SELECT node_id, boot_id, epoch FROM identities WHERE identity_id = ?';
    const [row] = this.sql.exec<{ node_id: string; boot_id: string; epoch: number }>(sql, identityId).toArray();
    return row && { nodeId: row.node_id, bootId: row.boot_id, epoch: row.epoch };
  }

  /** `rank`: the place of the identity among those of its node; 0 is the main one. */
  putOwner(identityId: string, owner: Omit<IdentityOwner, 'online'>, rank: number): void {
    this.sql.exec(
      'INSERT OR REPLACE INTO identities(identity_id, node_id, boot_id, epoch, rank) VALUES (?, ?, ?, ?, ?)',
      identityId,
      owner.nodeId,
      owner.bootId,
      owner.epoch,
      rank,
    );
  }

  /** Epochs of the identities that a node owns. */
  epochsOf(nodeId: string): Map<string, number> {
    const sql = 'SELECT identity_id, epoch FROM identities WHERE node_id = ?';
    const rows = this.sql.exec<{ identity_id: string; epoch: number }>(sql, nodeId).toArray();
    return new Map(rows.map((row) => [row.identity_id, row.epoch]));
  }

  setMemberships(report: IdentityReport): void {
    this.sql.exec('DELETE FROM memberships WHERE identity_id = ?', report.identityId);
    for (const guildId of report.guildIds) this.setMembership(guildId, report.identityId, true);
  }

  setMembership(guildId: string, identityId: string, member: boolean): void {
    const sql = member
      ? 'INSERT OR IGNORE INTO memberships(guild_id, identity_id) VALUES (?, ?)'
      : 'DELETE FROM memberships WHERE guild_id = ? AND identity_id = ?';
    this.sql.exec(sql, guildId, identityId);
  }

  hasGuild(guildId: string): boolean {
    return this.sql.exec('SELECT 1 FROM memberships WHERE guild_id = ? LIMIT 1', guildId).toArray().length > 0;
  }

  identitiesIn(guildId: string): { identityId: string; member: boolean }[] {
    return this.sql
      .exec<{ identity_id: string; member: number }>(
        `SELECT identity_id, EXISTS(SELECT 1 FROM memberships WHERE guild_id = ? AND identity_id = identities.identity_id)
          AS member FROM identities ORDER BY identity_id`,
        guildId,
      )
      .toArray()
      .map((row) => ({ identityId: row.identity_id, member: row.member === 1 }));
  }

  /** Is one of the node's identities a member of the guild? */
  serves(nodeId: string, guildId: string): boolean {
    const sql =
      'SELECT 1 FROM memberships JOIN identities USING(identity_id) WHERE guild_id = ? AND node_id = ? LIMIT 1';
    return this.sql.exec(sql, guildId, nodeId).toArray().length > 0;
  }

  load(nodeId: string): NodeLoad {
    const [node] = this.sql
      .exec<{ capacity: number }>('SELECT capacity FROM nodes WHERE node_id = ?', nodeId)
      .toArray();
    const guilds = this.sql
      .exec<{ guild_id: string; count: number }>(
        'SELECT guild_id, count(*) AS count FROM memberships JOIN identities USING(identity_id) WHERE node_id = ? GROUP BY guild_id',
        nodeId,
      )
      .toArray();
    const identities = this.sql
      .exec<{ identity_id: string }>(
        'SELECT identity_id FROM identities WHERE node_id = ? ORDER BY rank, identity_id',
        nodeId,
      )
      .toArray();
    // A leg that two sessions share counts once.
    const legs = new Set(this.desired(nodeId).flatMap(({ spec }) => spec.legs.map((leg) => leg.legId)));
    return {
      nodeId,
      capacity: node?.capacity ?? 0,
      legs: legs.size,
      identityIds: identities.map((row) => row.identity_id),
      guilds: new Map(guilds.map((row) => [row.guild_id, row.count])),
    };
  }

  desired(nodeId: string): Desired[] {
    return this.sql.exec<DesiredRow>('SELECT * FROM desired WHERE node_id = ?', nodeId).toArray().map(desiredOf);
  }

  desiredOf(sessionId: string): (Desired & { nodeId: string }) | undefined {
    return this.sql
      .exec<DesiredRow>('SELECT * FROM desired WHERE session_id = ?', sessionId)
      .toArray()
      .map(desiredOf)[0];
  }

  /** Should this node run this session? */
  runs(nodeId: string, sessionId: string): boolean {
    const sql = 'SELECT 1 FROM desired WHERE session_id = ? AND node_id = ?';
    return this.sql.exec(sql, sessionId, nodeId).toArray().length > 0;
  }

  putDesired(nodeId: string, { spec, base, ending, by }: Desired): void {
    this.sql.exec(
      'INSERT OR REPLACE INTO desired(session_id, node_id, spec, base, ending, ended_by) VALUES (?, ?, ?, ?, ?, ?)',
      spec.id,
      nodeId,
      JSON.stringify(spec),
      base,
      ending,
      by,
    );
  }

  dropDesired(sessionId: string): void {
    this.sql.exec('DELETE FROM desired WHERE session_id = ?', sessionId);
  }

  /** `false` when the nonce was used before. */
  useNonce(nonce: string, expiresAt: number, now: number): boolean {
    this.sql.exec('DELETE FROM nonces WHERE expires_at < ?', now);
    return (
      this.sql.exec('INSERT OR IGNORE INTO nonces(nonce, expires_at) VALUES (?, ?)', nonce, expiresAt).rowsWritten > 0
    );
  }
}
