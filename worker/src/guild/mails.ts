/** Mails that this server owes to its addresses: ordered from a voice node until one says how it came out. */
import type { NodeEventOf } from '@patchbay/shared/events';
import type { MailOrder } from '@patchbay/shared/recording-orders';
import { ulid } from 'ulid';
import { type Env, fleetOf } from '../env.ts';
import type { GuildBook } from './book.ts';
import { DEFAULTS } from './settings-store.ts';

/** Deadlines of mails: the mail's id follows. */
export const MAIL_DEADLINE = 'mail:';
/** After so many tries a mail is given up. */
const TRIES = 12;

/** After so many tries the next one comes after this: a minute up to an hour. Milliseconds. */
const againMs = (attempts: number): number => Math.min(3_600_000, 60_000 * 2 ** Math.min(attempts, 6));

type Row = { mail_id: string; body: string; attempts: number };

/** Mails on their way: rows in, rows out. */
export class Mails {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS mails(mail_id TEXT PRIMARY KEY, cause TEXT NOT NULL UNIQUE, body TEXT NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID`);
  }

  /** `cause`: what it is about; a second one of the same changes nothing. Answers the mail's id when it is new. */
  add(cause: string, body: Omit<MailOrder, 'mailId'>): string | null {
    const mailId = ulid();
    const sql = 'INSERT OR IGNORE INTO mails(mail_id, cause, body) VALUES (?, ?, ?)';
    return this.#sql.exec(sql, mailId, cause, JSON.stringify(body)).rowsWritten > 0 ? mailId : null;
  }

  get(mailId: string): { order: MailOrder; attempts: number } | undefined {
    const [row] = this.#sql.exec<Row>('SELECT * FROM mails WHERE mail_id = ?', mailId).toArray();
    return row && { order: { ...(JSON.parse(row.body) as Omit<MailOrder, 'mailId'>), mailId }, attempts: row.attempts };
  }

  tried(mailId: string): void {
    this.#sql.exec('UPDATE mails SET attempts = attempts + 1 WHERE mail_id = ?', mailId);
  }

  drop(mailId: string): void {
    this.#sql.exec('DELETE FROM mails WHERE mail_id = ?', mailId);
  }
}

/** Owes a mail to the server's addresses; nothing where there are none. Inside a transaction. Idempotent by `cause`. */
export function owesMail(book: GuildBook, cause: string, { subject, text }: { subject: string; text: string }): void {
  const to = book.settings.stored(DEFAULTS).mailTo ?? [];
  if (to.length === 0) return;
  const mailId = book.mails.add(cause, { v: 1, type: 'mail.send', guildId: book.id, to, subject, text });
  if (mailId !== null) book.deadlines.set(`${MAIL_DEADLINE}${mailId}`, Date.now());
}

/** Orders a mail that is due, and comes again until a node has said how it came out. */
export async function sendMail(book: GuildBook, env: Env, mailId: string): Promise<void> {
  const mail = book.mails.get(mailId);
  if (!mail) return;
  if (mail.attempts >= TRIES) {
    console.error(`guild ${book.id}: mail ${mailId} is given up after ${TRIES} tries`);
    book.mails.drop(mailId);
    return;
  }
  book.mails.tried(mailId);
  book.deadlines.set(`${MAIL_DEADLINE}${mailId}`, Date.now() + againMs(mail.attempts));
  await book.deadlines.arm();
  if ((await fleetOf(env).order(mail.order)) === null) {
    console.warn(`guild ${book.id}: no voice node that is up can send mails (SMTP_URL); mail ${mailId} waits`);
  }
}

/** How a mail came out. Inside a transaction. */
export function mailReported(book: GuildBook, event: NodeEventOf<'mail.sent' | 'mail.failed'>): void {
  if (event.type === 'mail.failed') {
    console.error(`guild ${book.id}: mail ${event.mailId} failed with ${event.code}: ${event.message}`);
    return;
  }
  book.mails.drop(event.mailId);
  book.deadlines.clear(`${MAIL_DEADLINE}${event.mailId}`);
}
