/** Two ways in which a matchmaker is usually written, with the same rules: what ours is compared with. */
import type { Ticket } from '@patchbay/shared/match';
import { bridge } from '../../../worker/src/matchmaker/policies/bridge.ts';
import { LANGUAGE_FIRST_MS, REGION_FIRST_MS } from '../../../worker/src/matchmaker/policies/rules.ts';
import type { NodeSql } from '../../../worker/test/node-sql.ts';

/** A queue that is filled, then asked for a partner with each newcomer. */
export interface Matcher {
  fill(tickets: readonly Ticket[]): void;
  /** The id of the partner that the newcomer was matched with; null: it waits. */
  enqueue(newcomer: Ticket, now: number): string | null;
}

/** The queue as an array in memory, looked through from the oldest on. Nothing is stored. */
export class PlainScan implements Matcher {
  #queue: Ticket[] = [];

  fill(tickets: readonly Ticket[]): void {
    this.#queue = [...tickets];
  }

  enqueue(newcomer: Ticket, now: number): string | null {
    const partner = bridge.arrive?.(newcomer, this.#queue, now)?.tickets.find((ticket) => ticket !== newcomer);
    if (partner) this.#queue.splice(this.#queue.indexOf(partner), 1);
    else this.#queue.push(newcomer);
    return partner?.ticketId ?? null;
  }
}

/** The queue as a table with an index in its order: the rules are the condition of one query. */
export class PlainSql implements Matcher {
  readonly #host: NodeSql;

  constructor(host: NodeSql) {
    this.#host = host;
    host.sql.exec(`CREATE TABLE plain(ticket_id TEXT PRIMARY KEY, guild TEXT NOT NULL, age INTEGER NOT NULL, rank INTEGER NOT NULL,
      at INTEGER NOT NULL, language TEXT, region TEXT, blocks TEXT NOT NULL, last_partner TEXT) WITHOUT ROWID`);
    host.sql.exec('CREATE INDEX plain_order ON plain(age, rank, at, guild, language, region, blocks, last_partner)');
  }

  fill(tickets: readonly Ticket[]): void {
    this.#host.transactionSync(() => {
      for (const ticket of tickets) this.#insert(ticket);
    });
  }

  enqueue(newcomer: Ticket, now: number): string | null {
    return this.#host.transactionSync(() => {
      const { guildId, language = null, region = null } = newcomer;
      // A newcomer insists on its language and region, so those who wait need not be asked for how long.
      const patience = now - newcomer.at;
      const [partner] = this.#host.sql
        .exec<{ ticket_id: string }>(
          `SELECT ticket_id FROM plain WHERE age = ? AND guild <> ?
             AND (? OR ? IS NULL OR language IS NULL OR language = ?) AND (? OR ? IS NULL OR region IS NULL OR region = ?)
             AND NOT EXISTS (SELECT 1 FROM json_each(blocks) WHERE value = ?)
             AND NOT EXISTS (SELECT 1 FROM json_each(?) WHERE value = guild)
             AND (last_partner IS NULL OR last_partner <> ?) AND (? IS NULL OR ? <> guild)
           ORDER BY rank, at, ticket_id LIMIT 1`,
          ...[Number(newcomer.ageRestricted), guildId],
          ...[Number(patience >= LANGUAGE_FIRST_MS), language, language],
          ...[Number(patience >= REGION_FIRST_MS), region, region],
          ...[guildId, JSON.stringify(newcomer.blocks), guildId],
          ...[newcomer.lastPartner ?? null, newcomer.lastPartner ?? null],
        )
        .toArray();
      if (partner) this.#host.sql.exec('DELETE FROM plain WHERE ticket_id = ?', partner.ticket_id);
      else this.#insert(newcomer);
      return partner?.ticket_id ?? null;
    });
  }

  #insert(ticket: Ticket): void {
    this.#host.sql.exec(
      `INSERT INTO plain(ticket_id, guild, age, rank, at, language, region, blocks, last_partner)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[ticket.ticketId, ticket.guildId, Number(ticket.ageRestricted), -ticket.priority, ticket.at],
      ...[ticket.language ?? null, ticket.region ?? null, JSON.stringify(ticket.blocks), ticket.lastPartner ?? null],
    );
  }
}
