/** Who connected, for how long, with how much audio: what the service would bill. */
import { z } from 'zod';

const connectionSchema = z.object({
  requestId: z.string(),
  channels: z.number(),
  /** ms since the epoch. */
  openedAt: z.number(),
  /** `null` while it is open. */
  closedAt: z.number().nullable(),
  closeCode: z.number().nullable(),
  /** Seconds of audio received, whatever the number of channels. */
  audioSeconds: z.number(),
  keepAlives: z.number(),
});

export const accountingSchema = z.object({
  open: z.number(),
  peak: z.number(),
  total: z.number(),
  keepAlives: z.number(),
  /** Connects that were answered with an HTTP error. */
  refused: z.number(),
  /** Channel-seconds of streams by both readings of the price list, which does not say what an idle connection costs. */
  billed: z.object({ audio: z.number(), connection: z.number() }),
  prerecorded: z.object({ requests: z.number(), channelSeconds: z.number() }),
  connections: z.array(connectionSchema),
});
export type AccountingReport = z.output<typeof accountingSchema>;
export type ConnectionAccount = z.output<typeof connectionSchema>;

export class Accounting {
  readonly #connections: ConnectionAccount[] = [];
  readonly #prerecorded = { requests: 0, channelSeconds: 0 };
  #open = 0;
  #peak = 0;
  #refused = 0;

  /** The entry is kept up to date by the connection. */
  opened(requestId: string, channels: number, now: number): ConnectionAccount {
    const closed = { closedAt: null, closeCode: null };
    const account = { requestId, channels, openedAt: now, ...closed, audioSeconds: 0, keepAlives: 0 };
    this.#connections.push(account);
    this.#open += 1;
    this.#peak = Math.max(this.#peak, this.#open);
    return account;
  }

  closed(account: ConnectionAccount, closeCode: number, now: number): void {
    Object.assign(account, { closedAt: now, closeCode });
    this.#open -= 1;
  }

  refused(): void {
    this.#refused += 1;
  }

  prerecorded(channelSeconds: number): void {
    this.#prerecorded.requests += 1;
    this.#prerecorded.channelSeconds += channelSeconds;
  }

  report(now: number): AccountingReport {
    const connections = this.#connections.map((connection) => ({ ...connection }));
    const sum = (of: (connection: ConnectionAccount) => number) =>
      connections.reduce((total, connection) => total + of(connection), 0);
    return {
      open: this.#open,
      peak: this.#peak,
      total: connections.length,
      keepAlives: sum(({ keepAlives }) => keepAlives),
      refused: this.#refused,
      billed: {
        audio: sum(({ audioSeconds, channels }) => audioSeconds * channels),
        connection: sum(({ openedAt, closedAt, channels }) => (((closedAt ?? now) - openedAt) / 1000) * channels),
      },
      prerecorded: { ...this.#prerecorded },
      connections,
    };
  }
}
