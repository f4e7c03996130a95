/**
 * Durable events on their way to the Worker: written to the node's file first, sent in order per guild, deleted by the
 * watermark that the Worker answers.
 */
import type { InStatement } from '@libsql/client';
import { eventAnswerSchema, MAX_EVENTS_PER_BATCH, type NodeEventDraft } from '@patchbay/shared/events';
import { sign } from '@patchbay/shared/signing';
import { monotonicFactory } from 'ulid';
import { backoffMs } from '../ops/backoff.ts';
import { now } from '../ops/clock.ts';
import type { Logger } from '../ops/logger.ts';
import type { NodeStore } from './node-store.ts';

const PATH = '/api/internal/events';
const REQUEST_TIMEOUT_MS = 10_000;
/** Half of what the Worker takes in one request. */
const MAX_BATCH_BYTES = 512 * 1024;

export interface OutboxOptions {
  store: NodeStore;
  hubUrl: string;
  hubSecret: string;
  nodeId: string;
  logger: Logger;
  fetch?: typeof fetch;
}

interface Row {
  position: number;
  guildId: string;
  event: string;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #nextId = monotonicFactory();
  readonly #sequences: Map<string, number>;
  /** Guilds whose object was unreachable, with the time of the next try. */
  readonly #resting = new Map<string, { until: number; attempts: number }>();
  #unwritten: InStatement[] = [];
  #writing: Promise<void> | undefined;
  #sending: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  /** Events were written while a round of sending was under way. */
  #again = false;
  #waiting: number;
  #closed = false;

  private constructor(options: OutboxOptions, sequences: Map<string, number>, waiting: number) {
    this.#options = options;
    this.#sequences = sequences;
    this.#waiting = waiting;
  }

  static async open(options: OutboxOptions): Promise<Outbox> {
    const { client } = options.store;
    const sequences = await client.execute('SELECT guild_id, last FROM sequences');
    const count = await client.execute('SELECT count(*) AS n FROM outbox');
    return new Outbox(
      options,
      new Map(sequences.rows.map((row) => [String(row.guild_id), Number(row.last)])),
      Number(count.rows[0]?.n),
    );
  }

  /** Events that the Worker has not accepted yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Starts to send, what an earlier process left included. */
  start(): void {
    this.#schedule(0);
  }

  /** Takes an event. The order of calls is the order of events; when it resolves, the event survives the process. */
  append(draft: NodeEventDraft): Promise<void> {
    const sequence = (this.#sequences.get(draft.guildId) ?? 0) + 1;
    this.#sequences.set(draft.guildId, sequence);
    const event = JSON.stringify({
      at: now(),
      ...draft,
      id: this.#nextId(),
      nodeId: this.#options.nodeId,
      seq: sequence,
    });
    this.#unwritten.push(
      {
        sql: 'INSERT INTO outbox (guild_id, sequence, event) VALUES (?, ?, ?)',
        args: [draft.guildId, sequence, event],
      },
      {
        sql: 'INSERT INTO sequences (guild_id, last) VALUES (?, ?) ON CONFLICT DO UPDATE SET last = excluded.last',
        args: [draft.guildId, sequence],
      },
    );
    this.#waiting += 1;
    this.#writing ??= this.#write();
    return this.#writing;
  }

  /** Sends until nothing waits; `false` at the deadline (what waits is kept for the next start). */
  async flush(deadlineMs: number): Promise<boolean> {
    const end = performance.now() + deadlineMs;
    await this.#writing;
    this.#schedule(0);
    while (this.#waiting > 0 && performance.now() < end) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(1, end - performance.now()));
        this.#settled = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#waiting === 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#writing;
    await this.#sending;
  }

  #settled: () => void = () => undefined;

  /** Everything appended meanwhile goes into the next round: one transaction for many events. */
  async #write(): Promise<void> {
    // One turn of the loop: the events of one dispatch share a transaction.
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (let attempt = 0; this.#unwritten.length > 0; ) {
      const statements = this.#unwritten;
      this.#unwritten = [];
      try {
        await this.#options.store.client.batch(statements, 'write');
        attempt = 0;
      } catch (error) {
        // Order matters more than anything: back to the front, and again.
        this.#unwritten = [...statements, ...this.#unwritten];
        this.#options.logger.error({ err: error }, 'events could not be written; check the disk of DATA_DIR');
        if (this.#closed) {
          this.#writing = undefined;
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt, { first: 200, most: 5_000 })));
        attempt += 1;
      }
    }
    // In the same turn as the last look for events: one that comes later starts a round of its own, and never lies.
    this.#writing = undefined;
    // While the Worker fails, the waiting retry takes the new events along.
    if (this.#failures === 0) this.#schedule(0);
  }

  #schedule(delayMs: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#sending) {
        // The round under way may have looked for events already: without another one, the new ones would lie.
        this.#again = true;
        return;
      }
      this.#sending = this.#send().finally(() => {
        this.#sending = undefined;
        this.#settled();
        if (!this.#again) return;
        this.#again = false;
        if (this.#failures === 0) this.#schedule(0);
      });
    }, delayMs);
  }

  async #send(): Promise<void> {
    const { logger } = this.#options;
    try {
      while (!this.#closed) {
        const batch = await this.#nextBatch();
        if (batch.length === 0) break;
        await this.#deliver(batch);
        this.#failures = 0;
        this.#settled();
      }
    } catch (error) {
      const delay = backoffMs(this.#failures, { first: 500, most: 16_000 });
      this.#failures += 1;
      logger.warn({ err: error, retryInMs: delay, waiting: this.#waiting }, 'events could not be delivered');
      this.#schedule(delay);
      return;
    }
    const next = Math.min(...[...this.#resting.values()].map(({ until }) => until));
    if (next !== Number.POSITIVE_INFINITY) this.#schedule(Math.max(50, next - now()));
  }

  async #nextBatch(): Promise<Row[]> {
    const at = now();
    const resting = [...this.#resting].filter(([, { until }]) => until > at).map(([guildId]) => guildId);
    const { rows } = await this.#options.store.client.execute({
      sql: `SELECT position, guild_id, event FROM outbox
            WHERE guild_id NOT IN (SELECT value FROM json_each(?)) ORDER BY position LIMIT ?`,
      args: [JSON.stringify(resting), MAX_EVENTS_PER_BATCH],
    });
    const batch: Row[] = [];
    let bytes = 0;
    for (const row of rows) {
      const event = String(row.event);
      bytes += event.length;
      if (batch.length > 0 && bytes > MAX_BATCH_BYTES) break;
      batch.push({ position: Number(row.position), guildId: String(row.guild_id), event });
    }
    return batch;
  }

  async #deliver(batch: Row[]): Promise<void> {
    const { hubUrl, hubSecret, nodeId, store } = this.#options;
    const body = `{"stream":${JSON.stringify(store.stream)},"events":[${batch.map(({ event }) => event).join(',')}]}`;
    const headers = await sign(hubSecret, { method: 'POST', path: PATH, nodeId, body });
    const response = await (this.#options.fetch ?? fetch)(hubUrl + PATH, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The Worker answered ${response.status}: ${text.slice(0, 300)}`);
    const { accepted } = eventAnswerSchema.parse(JSON.parse(text));
    let deleted = 0;
    for (const [guildId, watermark] of Object.entries(accepted)) {
      const result = await store.client.execute({
        sql: 'DELETE FROM outbox WHERE guild_id = ? AND sequence <= ?',
        args: [guildId, watermark],
      });
      deleted += result.rowsAffected;
    }
    this.#waiting -= deleted;
    for (const guildId of new Set(batch.map((row) => row.guildId))) {
      const last = this.#sequences.get(guildId);
      const progressed = accepted[guildId] !== undefined && last !== undefined;
      if (progressed && (await this.#isGone(guildId, batch))) this.#resting.delete(guildId);
      else {
        const attempts = (this.#resting.get(guildId)?.attempts ?? 0) + 1;
        this.#resting.set(guildId, { until: now() + backoffMs(attempts - 1, { first: 500, most: 16_000 }), attempts });
      }
    }
  }

  /** Whether the guild's events of this batch were all taken. */
  async #isGone(guildId: string, batch: Row[]): Promise<boolean> {
    const positions = batch.filter((row) => row.guildId === guildId).map((row) => row.position);
    const { rows } = await this.#options.store.client.execute({
      sql: 'SELECT count(*) AS n FROM outbox WHERE guild_id = ? AND position <= ?',
      args: [guildId, Math.max(...positions)],
    });
    return Number(rows[0]?.n) === 0;
  }
}
