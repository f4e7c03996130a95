import type { EphemeralOf } from '@patchbay/shared/control-messages';
import { type CaptionShare, newcomer, reported, shareOut } from './caption-shares.ts';
import type { ControlSockets } from './sockets.ts';
import type { Hello } from './store.ts';

/** Shares of the deployment's connections to the transcription service: stored, divided by `caption-shares.ts`, told to the nodes. */
export class CaptionLease {
  readonly #sql: SqlStorage;
  readonly #sockets: ControlSockets;
  readonly #limit: () => number;

  constructor(sql: SqlStorage, sockets: ControlSockets, limit: () => number) {
    this.#sql = sql;
    this.#sockets = sockets;
    this.#limit = limit;
    sql.exec('CREATE TABLE IF NOT EXISTS caption_shares(node_id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID');
    sql.exec('CREATE TABLE IF NOT EXISTS captioners(node_id TEXT PRIMARY KEY, able INTEGER NOT NULL) WITHOUT ROWID');
  }

  /** Can a node that serves the guild caption? `false` only where each of them says that it cannot. */
  serves(guildId: string): boolean {
    const sql = `SELECT count(*) AS nodes, coalesce(sum(able = 0), 0) AS unable FROM
      (SELECT DISTINCT node_id FROM memberships JOIN identities USING(identity_id) WHERE guild_id = ?)
      LEFT JOIN captioners USING(node_id)`;
    const { nodes, unable } = this.#sql.exec<{ nodes: number; unable: number }>(sql, guildId).one();
    return nodes === 0 || unable < nodes;
  }

  /** A node came (back). After a restart nothing is open there any more, and it has no share. */
  greet({ nodeId, captions }: Hello, sameBoot: boolean): void {
    if (captions === undefined) this.#sql.exec('DELETE FROM captioners WHERE node_id = ?', nodeId);
    else this.#sql.exec('INSERT OR REPLACE INTO captioners(node_id, able) VALUES (?, ?)', nodeId, captions ? 1 : 0);
    const known = this.#of(nodeId);
    if (!known) return;
    if (sameBoot) this.#tell(known);
    else {
      this.forget(nodeId);
      this.divide(Date.now());
    }
  }

  demand(nodeId: string, { open, wanted, share }: EphemeralOf<'captions.demand'>): void {
    const now = Date.now();
    this.#put(reported(this.#of(nodeId) ?? newcomer(nodeId), { open, wanted, share }, now));
    this.divide(now);
  }

  /** A node is lost: what it had is free. */
  forget(nodeId: string): boolean {
    return this.#sql.exec('DELETE FROM caption_shares WHERE node_id = ?', nodeId).rowsWritten > 0;
  }

  /** Is anybody's share in force, so that a lost node has to be noticed? */
  get busy(): boolean {
    return this.shares().some(({ ceiling, wanted }) => ceiling > 0 || wanted > 0);
  }

  /** Divides the connections anew, and tells those whose share is another one now. */
  divide(now: number): void {
    const before = new Map(this.shares().map((each) => [each.nodeId, each]));
    for (const share of shareOut([...before.values()], this.#limit(), now)) {
      this.#put(share);
      if (share.granted !== before.get(share.nodeId)?.granted) this.#tell(share);
    }
  }

  shares(): CaptionShare[] {
    return this.#sql
      .exec<{ body: string }>('SELECT body FROM caption_shares ORDER BY node_id')
      .toArray()
      .map(({ body }) => JSON.parse(body) as CaptionShare);
  }

  #of(nodeId: string): CaptionShare | undefined {
    return this.shares().find((each) => each.nodeId === nodeId);
  }

  #put(share: CaptionShare): void {
    // Nodes repeat themselves: what is known is not written once more.
    const sql = `INSERT INTO caption_shares(node_id, body) VALUES (?, ?)
      ON CONFLICT(node_id) DO UPDATE SET body = excluded.body WHERE body <> excluded.body`;
    this.#sql.exec(sql, share.nodeId, JSON.stringify(share));
  }

  #tell({ nodeId, granted }: CaptionShare): void {
    this.#sockets.tell(nodeId, { v: 1, type: 'captions.share', connections: granted });
  }
}
