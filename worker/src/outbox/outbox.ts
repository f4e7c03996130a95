import type { Deadlines } from '../alarms/deadlines.ts';

/** The deadline under which an outbox is drained again. */
export const OUTBOX_DEADLINE = 'outbox';

/** Waiting time before the next try of a lane, in milliseconds: doubles from 250 ms up to a minute. */
export function backoff(attempts: number): number {
  return Math.min(60_000, 250 * 2 ** Math.min(attempts, 10));
}

/**
 * What a Durable Object owes to others, written in the same transaction as the change that caused it.
 *
 * Effects of one lane arrive in order; a lane that fails waits and does not hold up the others. An effect may arrive twice
 * (the answer got lost), so every receiver is idempotent.
 */
export class Outbox<E> {
  readonly #storage: DurableObjectStorage;
  readonly #deadlines: Deadlines;
  readonly #deliver: (lane: string, effects: E[]) => Promise<void>;
  #draining: Promise<void> | null = null;
  #again = false;

  constructor(
    storage: DurableObjectStorage,
    deadlines: Deadlines,
    deliver: (lane: string, effects: E[]) => Promise<void>,
  ) {
    this.#storage = storage;
    this.#deadlines = deadlines;
    this.#deliver = deliver;
    storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS outbox(id INTEGER PRIMARY KEY, lane TEXT NOT NULL, body TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0)',
    );
  }

  /** Owes `effect`. If the object dies before it is delivered, the alarm of the deadline brings it up again. */
  add(lane: string, effect: E): void {
    this.#storage.sql.exec('INSERT INTO outbox(lane, body) VALUES (?, ?)', lane, JSON.stringify(effect));
    this.#deadlines.setOnce(OUTBOX_DEADLINE, Date.now() + 1_000);
  }

  /** Delivers what is owed, in the background: never await it in a method that a receiver may call back. */
  kick(): void {
    if (this.#draining) {
      this.#again = true;
      return;
    }
    this.#draining = this.#drain()
      .catch((error: unknown) => console.error('outbox: cannot drain', error))
      .finally(() => {
        this.#draining = null;
        if (this.#again) {
          this.#again = false;
          this.kick();
        }
      });
  }

  async #drain(): Promise<void> {
    const failed = new Set<string>();
    let attempts = 0;
    for (;;) {
      const rows = this.#storage.sql
        .exec<{ id: number; lane: string; body: string; attempts: number }>(
          'SELECT id, lane, body, attempts FROM outbox WHERE lane NOT IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT 1000',
          JSON.stringify([...failed]),
        )
        .toArray();
      if (rows.length === 0) break;
      const lanes = Map.groupBy(rows, (row) => row.lane);
      await Promise.all(
        Array.from(lanes, async ([lane, owed]) => {
          const ids = JSON.stringify(owed.map((row) => row.id));
          try {
            await this.#deliver(
              lane,
              owed.map((row) => JSON.parse(row.body) as E),
            );
            this.#storage.sql.exec('DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?))', ids);
          } catch (error) {
            failed.add(lane);
            attempts = Math.max(attempts, ...owed.map((row) => row.attempts));
            this.#storage.sql.exec(
              'UPDATE outbox SET attempts = attempts + 1 WHERE id IN (SELECT value FROM json_each(?))',
              ids,
            );
            console.error(`outbox: lane ${lane} failed, will be tried again`, error);
          }
        }),
      );
    }
    if (failed.size > 0) this.#deadlines.set(OUTBOX_DEADLINE, Date.now() + backoff(attempts));
    else this.#deadlines.clear(OUTBOX_DEADLINE);
    await this.#deadlines.arm();
  }
}
