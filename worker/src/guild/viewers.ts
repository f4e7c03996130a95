/** The roles of those who look at the guild's page. */
import { snowflake } from '@patchbay/shared/ids';
import { z } from 'zod';
import { callDiscord } from '../discord/rest.ts';
import type { Settings } from '../env.ts';
import type { GuildBook } from './book.ts';

/** `unknown`: Discord cannot be asked now; nothing may be shown that depends on roles. */
export type ViewerAnswer = { kind: 'member'; roles: string[] } | { kind: 'stranger' } | { kind: 'unknown' };

/** Discord's code for a user who is no member of the guild. */
const UNKNOWN_MEMBER = 10007;
/** Rows of those who did not look for so long are dropped. Milliseconds. */
const KEPT_MS = 24 * 3_600_000;
const memberSchema = z.looseObject({ roles: z.array(snowflake) });

interface Row {
  roles: string[] | null;
  checkedAt: number;
}

/** What is stored: `null` = no member. */
function rowOf(book: GuildBook, userId: string): Row | undefined {
  const sql = 'SELECT roles, checked_at FROM viewers WHERE user_id = ?';
  const [row] = book.store.sql.exec<{ roles: string | null; checked_at: number }>(sql, userId).toArray();
  return row && { roles: row.roles === null ? null : (JSON.parse(row.roles) as string[]), checkedAt: row.checked_at };
}

/** Roles of these people that were told after an instant (ms); of members that are no more: none. */
export function knownRoles(book: GuildBook, userIds: readonly string[], after: number): Map<string, string[]> {
  const rows = userIds.map((userId) => [userId, rowOf(book, userId)] as const);
  return new Map(rows.flatMap(([userId, row]) => (row && row.checkedAt > after ? [[userId, row.roles ?? []]] : [])));
}

function keep(book: GuildBook, userId: string, roles: string[] | null, now: number): void {
  const { sql } = book.store;
  const before = rowOf(book, userId);
  sql.exec('DELETE FROM viewers WHERE checked_at < ?', now - KEPT_MS);
  const text = roles === null ? null : JSON.stringify([...roles].sort());
  sql.exec('INSERT OR REPLACE INTO viewers(user_id, roles, checked_at) VALUES (?, ?, ?)', userId, text, now);
  const known = before?.roles ? JSON.stringify(before.roles) : null;
  // All shards hear it, whichever of them asked.
  if (before && known !== text) book.owe('hub', { kind: 'viewer', userId, roles });
}

/** A voice node reports other roles, or (`null`) that somebody is no member any more. Of interest for those who look. */
export function noteRoles(book: GuildBook, userId: string, roles: string[] | null): void {
  if (rowOf(book, userId)) keep(book, userId, roles, Date.now());
  else if (roles === null) book.owe('hub', { kind: 'viewer', userId, roles });
}

/** Knows the roles of viewers for a while, and asks Discord otherwise, once for all who want to know at a time. */
export class Viewers {
  readonly #book: GuildBook;
  readonly #settings: () => Settings;
  readonly #stored: (work: () => void) => void;
  readonly #asking = new Map<string, Promise<ViewerAnswer>>();

  /** `stored` runs a change in a transaction, after which what it owes is delivered. */
  constructor(book: GuildBook, settings: () => Settings, stored: (work: () => void) => void) {
    this.#book = book;
    this.#settings = settings;
    this.#stored = stored;
    book.store.sql.exec(
      'CREATE TABLE IF NOT EXISTS viewers(user_id TEXT PRIMARY KEY, roles TEXT, checked_at INTEGER NOT NULL) WITHOUT ROWID',
    );
  }

  /** `maxAgeMs`: what is known for no longer than that is good enough. */
  async of(userId: string, maxAgeMs: number): Promise<ViewerAnswer> {
    const known = rowOf(this.#book, userId);
    if (known && Date.now() - known.checkedAt <= maxAgeMs) return answerOf(known.roles);
    let asked = this.#asking.get(userId);
    if (!asked) {
      asked = this.#ask(userId).finally(() => this.#asking.delete(userId));
      this.#asking.set(userId, asked);
    }
    return asked;
  }

  async #ask(userId: string): Promise<ViewerAnswer> {
    const path = `/guilds/${this.#book.id}/members/${userId}`;
    const answer = await callDiscord(this.#settings(), { method: 'GET', path });
    if (answer.kind === 'ok') {
      const member = memberSchema.safeParse(answer.body);
      if (member.success) return this.#keep(userId, member.data.roles);
    }
    if (answer.kind === 'refused' && answer.code === UNKNOWN_MEMBER) return this.#keep(userId, null);
    console.warn(`guild ${this.#book.id}: the roles of a viewer could not be asked for`, answer);
    return { kind: 'unknown' };
  }

  #keep(userId: string, roles: string[] | null): ViewerAnswer {
    this.#stored(() => keep(this.#book, userId, roles, Date.now()));
    return answerOf(roles);
  }
}

const answerOf = (roles: string[] | null): ViewerAnswer =>
  roles === null ? { kind: 'stranger' } : { kind: 'member', roles };
