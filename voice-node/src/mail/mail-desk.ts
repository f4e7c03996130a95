/** Mails that the control plane orders, by the `SMTP_URL` of this node. Each is sent once, also over a restart. */
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { ulidSchema } from '@patchbay/shared/ids';
import type { MailOrder } from '@patchbay/shared/recording-orders';
import nodemailer, { type Transporter } from 'nodemailer';
import type { Logger } from '../ops/logger.ts';
import type { MailSettings } from '../settings.ts';

export interface MailDeskOptions extends MailSettings {
  /** Holds a file for each mail that was sent, so that it is not sent again. */
  directory: string;
  /** Reports an event; resolves when it survives the process. */
  report: (draft: NodeEventDraft) => Promise<void>;
  logger: Logger;
}

/** A mail is ordered again for less than a day. ms */
const KEPT_MS = 7 * 24 * 3_600_000;
const CONNECT_MS = 15_000;

export class MailDesk {
  readonly #options: MailDeskOptions;
  readonly #transport: Transporter;
  readonly #sending = new Set<string>();

  constructor(options: MailDeskOptions) {
    this.#options = options;
    const limits = { connectionTimeout: CONNECT_MS, greetingTimeout: CONNECT_MS, socketTimeout: 2 * CONNECT_MS };
    this.#transport = nodemailer.createTransport({ url: options.smtpUrl, ...limits });
  }

  /** Forgets mails of long ago. */
  async start(): Promise<void> {
    const { directory } = this.#options;
    await mkdir(directory, { recursive: true });
    for (const name of await readdir(directory)) {
      const path = join(directory, name);
      if (Date.now() - (await stat(path)).mtimeMs > KEPT_MS) await rm(path, { force: true });
    }
  }

  /** Sends a mail and reports how it came out. One that was sent is reported again, not sent again. */
  async send(order: MailOrder): Promise<void> {
    const { report, logger, from } = this.#options;
    const { mailId, guildId, to, subject, text } = order;
    if (!ulidSchema.safeParse(mailId).success || this.#sending.has(mailId)) return;
    this.#sending.add(mailId);
    try {
      if (!(await this.#wasSent(mailId))) {
        // Nobody needs to know who else gets it. The id lets servers tell a repetition.
        await this.#transport.sendMail({ from, bcc: to, subject, text, messageId: `<${mailId}@patchbay>` });
        await writeFile(this.#path(mailId), '');
        logger.info({ mailId, addresses: to.length }, 'a mail was sent');
      }
      await report({ type: 'mail.sent', guildId, mailId });
    } catch (error) {
      logger.warn({ err: error, mailId }, 'a mail could not be sent');
      const { code, message } = describe(error);
      await report({ type: 'mail.failed', guildId, mailId, code, message });
    } finally {
      this.#sending.delete(mailId);
    }
  }

  close(): void {
    this.#transport.close();
  }

  #path(mailId: string): string {
    return join(this.#options.directory, mailId);
  }

  async #wasSent(mailId: string): Promise<boolean> {
    return readFile(this.#path(mailId)).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return false;
        throw error;
      },
    );
  }
}

/** Code and sentence of a failure; an address of the server or of a person stays out of it. */
function describe(error: unknown): { code: string; message: string } {
  const { code = 'error', responseCode } = error as { code?: unknown; responseCode?: unknown };
  const reply = typeof responseCode === 'number' ? ` (SMTP ${responseCode})` : '';
  return {
    code: `smtp_${String(code).toLowerCase()}`.slice(0, 64),
    message: `The mail server did not take the mail${reply}. Check SMTP_URL and MAIL_FROM of the voice node.`,
  };
}
