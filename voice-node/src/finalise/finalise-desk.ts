/**
 * Finalises recordings, one after the other: those that the control plane orders, and those of this node that nobody orders in time.
 * Any node can do it from the bucket alone. A job is a folder with a note in it, so that the next process takes up what this one did not
 * finish.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PatchbayError } from '@patchbay/shared/errors';
import type { FinaliseOrder } from '@patchbay/shared/recording-orders';
import type { Logger } from '../ops/logger.ts';
import { realTime, type Scheduler } from '../ops/scheduler.ts';
import type { Aside } from './early-fragments.ts';
import { type JobOptions, runJob } from './finalise-job.ts';
import { answers, joined, type Order, ownOrder, readOrder, writeOrder } from './order.ts';
import { erase } from './tidy.ts';

/**
 * So long after everything of a recording is stored the node waits for the control plane's order, and then finalises by itself: the Worker
 * may wait for another node's part, or may be away. An order takes seconds; a session that goes on after a restart does so within 20 s.
 */
export const FALLBACK_MS = 60_000;
const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 300_000;
/** After so many failures whoever ordered it is told; it is tried on. The first may be a bucket that was away for a moment. */
const FAILURES_UNTOLD = 2;

export interface FinaliseDeskOptions extends JobOptions {
  /** Holds a folder for each job. */
  directory: string;
  /** Is anything of the session being recorded here, or on its way to the bucket? Then its recording is finalised when that is over. */
  isBusy: (sessionId: string) => boolean;
  /** The session's recording is going to be finalised: nobody else writes its manifest from when it resolves. */
  onBegin?: (sessionId: string) => Promise<void>;
  /** What is done when nothing is to be finalised; stopped when something is. */
  aside?: Aside;
  logger: Logger;
  scheduler?: Scheduler;
}

export class FinaliseDesk {
  readonly #options: FinaliseDeskOptions;
  readonly #scheduler: Scheduler;
  readonly #waiting: string[] = [];
  readonly #orders = new Map<string, Order>();
  /** Jobs that begin when no order came. */
  readonly #fallbacks = new Map<string, () => void>();
  readonly #failures = new Map<string, number>();
  readonly #closing = new AbortController();
  #notes: Promise<void> = Promise.resolve();
  #current: { sessionId: string; order: Order; stop: AbortController } | undefined;
  #aside: AbortController | undefined;
  #started = false;
  #working: Promise<void> | undefined;

  constructor(options: FinaliseDeskOptions) {
    this.#options = options;
    this.#scheduler = options.scheduler ?? realTime;
  }

  /** Is the session's recording being finalised, or about to be? */
  isFinalising(sessionId: string): boolean {
    return this.#current?.sessionId === sessionId || this.#waiting.includes(sessionId);
  }

  /** Reads what an earlier process did not finish. Call before anything else. */
  async open(): Promise<void> {
    await mkdir(this.#options.directory, { recursive: true });
    for (const sessionId of await readdir(this.#options.directory)) {
      this.#orders.set(sessionId, await readOrder(this.#folder(sessionId)));
    }
  }

  /**
   * Begins to work, with what an earlier process did not finish. Call when the control plane has said which sessions go on. Answers how
   * many jobs there are.
   */
  start(): number {
    this.#started = true;
    for (const [sessionId, { ordered }] of this.#orders) {
      if (ordered) this.#enqueue(sessionId);
      else this.#fallBack(sessionId);
    }
    return this.#orders.size;
  }

  /**
   * Everything that this node recorded of a session is stored: it is finalised when the order comes, or came, and after a while without
   * one. When it resolves, that survives the process.
   */
  async stored(sessionId: string, guilds: readonly string[]): Promise<void> {
    const order = this.#take(sessionId, ownOrder(guilds));
    if (order.ordered) this.#enqueue(sessionId);
    else this.#fallBack(sessionId);
    await this.#inTurn(() => writeOrder(this.#folder(sessionId), order));
  }

  /** The control plane's order. One that comes while the same is being made joins it. When it resolves, the order survives the process. */
  async order({ sessionId, incomplete = false, without = [], guildIds = [] }: FinaliseOrder): Promise<void> {
    const newer: Order = { v: 1, ordered: true, incomplete, without, guilds: guildIds };
    const order = this.#take(sessionId, newer);
    this.#fallbacks.get(sessionId)?.();
    const current = this.#current?.sessionId === sessionId ? this.#current : undefined;
    if (current && answers(current.order, newer)) current.order = order;
    else {
      this.#enqueue(sessionId);
      current?.stop.abort();
    }
    await this.#inTurn(() => writeOrder(this.#folder(sessionId), order));
  }

  /** There is work aside. */
  wake(): void {
    this.#run();
  }

  /** Stops where it is; the next process begins the job anew. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#current?.stop.abort();
    this.#aside?.abort();
    for (const cancel of this.#fallbacks.values()) cancel();
    await this.#working;
  }

  #folder(sessionId: string): string {
    return join(this.#options.directory, sessionId);
  }

  #take(sessionId: string, newer: Order): Order {
    const order = joined(this.#orders.get(sessionId), newer);
    this.#orders.set(sessionId, order);
    return order;
  }

  #fallBack(sessionId: string): void {
    if (this.#fallbacks.has(sessionId) || this.isFinalising(sessionId)) return;
    const cancel = this.#scheduler.after(FALLBACK_MS, () => {
      this.#fallbacks.delete(sessionId);
      this.#options.logger.info({ sessionId }, 'no order came to finalise the recording: the node does it by itself');
      this.#enqueue(sessionId);
    });
    this.#fallbacks.set(sessionId, () => {
      this.#fallbacks.delete(sessionId);
      cancel();
    });
  }

  #enqueue(sessionId: string): void {
    if (!this.#waiting.includes(sessionId)) this.#waiting.push(sessionId);
    this.#options.aside?.leave(sessionId);
    this.#aside?.abort();
    this.#run();
  }

  #run(): void {
    if (!this.#started || this.#closing.signal.aborted) return;
    if (this.#waiting.length === 0 && !this.#options.aside?.hasWork) return;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      this.#run();
    });
  }

  async #work(): Promise<void> {
    let delay = FIRST_RETRY_MS;
    while (!this.#closing.signal.aborted) {
      // No longer waiting while it is worked on: more of the session that is stored meanwhile is a job of its own.
      const next = this.#waiting.shift();
      if (next === undefined) {
        if (!this.#options.aside?.hasWork) return;
        await this.#workAside(this.#options.aside);
      } else if (await this.#finalise(next)) {
        delay = FIRST_RETRY_MS;
      } else {
        // The next one may go through where this one cannot.
        if (!this.#waiting.includes(next)) this.#waiting.push(next);
        await this.#pause(delay);
        delay = Math.min(LAST_RETRY_MS, delay * 2);
      }
    }
  }

  async #workAside(aside: Aside): Promise<void> {
    this.#aside = new AbortController();
    await aside.work(this.#aside.signal, (sessionId) => this.#orders.get(sessionId)?.without ?? []);
    this.#aside = undefined;
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#scheduler.after(delayMs, resolve);
      this.#closing.signal.addEventListener('abort', () => {
        cancel();
        resolve();
      });
    });
  }

  /** False: it has to be tried again. */
  async #finalise(sessionId: string): Promise<boolean> {
    const logger = this.#options.logger.child({ sessionId });
    const folder = this.#folder(sessionId);
    const order = this.#orders.get(sessionId) ?? ownOrder();
    const stop = new AbortController();
    const current = { sessionId, order, stop };
    this.#current = current;
    try {
      if (this.#options.isBusy(sessionId) && !order.incomplete) {
        await erase(this.#options.store, this.#options.drop, sessionId, order.without);
        // `stored` comes when it is over. What nobody ordered begins anew then.
        if (!order.ordered) await this.#forget(sessionId);
        return true;
      }
      await this.#options.onBegin?.(sessionId);
      const outcome = await runJob(sessionId, order, folder, { ...this.#options, logger, signal: stop.signal });
      if (outcome === 'nothing') await this.#tellNothing(sessionId, current.order);
      if (outcome === 'again') this.#enqueue(sessionId);
      this.#failures.delete(sessionId);
      if (!this.#waiting.includes(sessionId)) await this.#forget(sessionId);
      return true;
    } catch (error) {
      // Stopped on purpose: another order is waiting, or the next process goes on.
      if (stop.signal.aborted) return !this.#closing.signal.aborted;
      logger.error({ err: error }, 'the recording could not be finalised; its parts are stored, and it is tried again');
      await this.#tellFailure(sessionId, current.order, error);
      return false;
    } finally {
      this.#current = undefined;
    }
  }

  async #forget(sessionId: string): Promise<void> {
    this.#orders.delete(sessionId);
    // An order that comes from now on is another job.
    this.#current = undefined;
    await this.#inTurn(() => rm(this.#folder(sessionId), { recursive: true, force: true }));
  }

  /** Notes are written and removed in the order in which it was decided. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#notes.then(change);
    this.#notes = done.catch(() => undefined);
    return done;
  }

  async #tellNothing(sessionId: string, { ordered, guilds }: Order): Promise<void> {
    this.#options.logger.info({ sessionId }, 'nothing to finalise: nobody is heard in it');
    if (!ordered) return;
    const message = 'Nobody is heard in the recording: there is nothing to make of it.';
    for (const guildId of guilds)
      await this.#options.report({ type: 'recording.failed', guildId, sessionId, code: 'nothing_recorded', message });
  }

  async #tellFailure(sessionId: string, { ordered, guilds }: Order, error: unknown): Promise<void> {
    const failures = (this.#failures.get(sessionId) ?? 0) + 1;
    this.#failures.set(sessionId, failures);
    if (!ordered || failures !== FAILURES_UNTOLD + 1) return;
    const code = error instanceof PatchbayError ? error.code : 'finalise_failed';
    const message = 'The recording could not be finalised yet. Its parts are stored, and it is tried on.';
    for (const guildId of guilds)
      await this.#options.report({ type: 'recording.failed', guildId, sessionId, code, message });
  }
}
