/** Captions of the whole node: one pool for all sessions, and the transcripts that are made of them. */
import type { Ephemeral } from '@patchbay/shared/control-messages';
import type { NodeEventDraft } from '@patchbay/shared/events';
import type { SessionSpec } from '@patchbay/shared/session-spec';
import type { Logger } from '../ops/logger.ts';
import { realTime, type Scheduler } from '../ops/scheduler.ts';
import type { CaptionEngine } from './engine.ts';
import { CaptionPool } from './pool/caption-pool.ts';
import { PartialLane } from './session/partial-lane.ts';
import { SessionCaptions, type SessionCaptionsTools } from './session/session-captions.ts';
import type { TranscriptDesk } from './transcript/transcript-desk.ts';

export interface CaptionDeskOptions {
  /** Absent: captions are off, for the reason in `off`. */
  engine: CaptionEngine | undefined;
  off: string;
  channels: number;
  /** The most connections of the deployment. */
  connections: number;
  /** Absent: there is no bucket. */
  transcripts?: TranscriptDesk | undefined;
  nameOf: SessionCaptionsTools['nameOf'];
  report: (draft: NodeEventDraft) => void;
  /** The ephemeral lane; `false`: the line is down. */
  send: (message: Ephemeral) => boolean;
  logger: Logger;
  scheduler?: Scheduler;
}

/** Demand is told again so often: the control plane may have forgotten it. ms */
const DEMAND_MS = 10_000;
/** … and when it changes, no more often than this. ms */
const DEMAND_PAUSE_MS = 250;
/** The first words of somebody wait for the answer: after a pause it is told as soon as all who begin together are counted. ms */
const DEMAND_GATHER_MS = 30;

export class CaptionDesk {
  readonly #options: CaptionDeskOptions;
  readonly #scheduler: Scheduler;
  readonly #pool: CaptionPool | undefined;
  readonly #tools: SessionCaptionsTools;
  readonly #finishing = new Set<Promise<void>>();
  #cancelDemand: (() => void) | undefined;
  #demandDue = Number.POSITIVE_INFINITY;
  #demandToldAt = Number.NEGATIVE_INFINITY;
  #closed = false;
  /** What the Worker said last; without a word of it there are no connections. */
  #share = 0;

  constructor(options: CaptionDeskOptions) {
    const { engine, channels, off, nameOf, report, logger, transcripts } = options;
    const scheduler = options.scheduler ?? realTime;
    this.#options = options;
    this.#scheduler = scheduler;
    this.#pool = engine && new CaptionPool({ engine, channels, limit: 0, logger, scheduler });
    this.#pool?.on('demand', () => {
      const quietUntil = this.#demandToldAt + DEMAND_PAUSE_MS;
      this.#demandSoon(Math.max(DEMAND_GATHER_MS, quietUntil - scheduler.now()));
    });
    this.#tools = {
      pool: this.#pool,
      off,
      partials: new PartialLane((partial) => options.send(partial), scheduler),
      openBook: transcripts && ((sessionId, timeZero) => transcripts.open(sessionId, timeZero)),
      nameOf,
      report,
      scheduler,
      logger,
    };
  }

  /** How the pool stands. */
  get demand(): { open: number; wanted: number } {
    return this.#pool?.demand ?? { open: 0, wanted: 0 };
  }

  open(spec: Pick<SessionSpec, 'id' | 'timeZero'>): SessionCaptions {
    return new SessionCaptions(this.#tools, spec);
  }

  /** Resolves when the last words are told, or soon; what comes later is told all the same. */
  async finish(captions: SessionCaptions): Promise<void> {
    const { told, done } = captions.finish();
    const finishing = done
      .catch((error) => this.#options.logger.error({ err: error }, 'captions could not be brought to their end'))
      .finally(() => this.#finishing.delete(finishing));
    this.#finishing.add(finishing);
    await told;
  }

  /** The Worker says how many connections this node may have; never more than its own setting. It hears at once that this holds. */
  share(connections: number): void {
    if (!this.#pool) return;
    this.#share = connections;
    this.#pool.limit = Math.min(connections, this.#options.connections);
    this.#tellDemand();
  }

  /** The Worker has taken the node's hello: it is told what is needed. */
  welcomed(): void {
    this.#tellDemand();
  }

  /** Waits for last words, then lets go of the service. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelDemand?.();
    await Promise.all(this.#finishing);
    await this.#pool?.close();
  }

  #demandSoon(inMs: number): void {
    const due = this.#scheduler.now() + inMs;
    if (this.#closed || due >= this.#demandDue) return;
    this.#demandDue = due;
    this.#cancelDemand?.();
    this.#cancelDemand = this.#scheduler.after(inMs, () => this.#tellDemand());
  }

  #tellDemand(): void {
    if (!this.#pool) return;
    this.#demandDue = Number.POSITIVE_INFINITY;
    this.#demandToldAt = this.#scheduler.now();
    const { open, wanted } = this.#pool.demand;
    this.#options.send({ v: 1, type: 'ephemeral', event: 'captions.demand', open, wanted, share: this.#share });
    // A node that needs nothing has nothing to repeat.
    if (open > 0 || wanted > 0) this.#demandSoon(DEMAND_MS);
  }
}
