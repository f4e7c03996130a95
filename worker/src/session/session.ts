import { DurableObject } from 'cloudflare:workers';
import type { EndReason } from '@patchbay/shared/end-reason';
import type { Mode } from '@patchbay/shared/session-spec';
import { Deadlines } from '../alarms/deadlines.ts';
import { type Env, settingsOf } from '../env.ts';
import type { Outcome, Ticket } from '../matchmaker/policy.ts';
import { OUTBOX_DEADLINE, Outbox } from '../outbox/outbox.ts';
import { deliver, type SessionEffect } from './effects.ts';
import { Lifecycle } from './lifecycle.ts';
import { place } from './placing.ts';
import {
  emptyReason,
  isLive,
  legReported,
  type RecordingReport,
  type SessionRecord,
  type SessionReport,
} from './record.ts';
import { SessionStore } from './store.ts';

export interface StartRequest {
  sessionId: string;
  pool: string;
  mode: Mode;
  tickets: Ticket[];
  /** Who hears whom, by index of `tickets`; without them everybody hears everybody else. */
  routes?: [number, number][];
}

/** One session: its state machine, made durable. The pure part is in `record.ts`, the steps in `lifecycle.ts`. */
export class Session extends DurableObject<Env> {
  readonly #store: SessionStore;
  readonly #deadlines: Deadlines;
  readonly #outbox: Outbox<SessionEffect>;
  readonly #life: Lifecycle;
  #advancing = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { storage } = ctx;
    const store = new SessionStore(storage.sql);
    const deadlines = new Deadlines(storage);
    const outbox = new Outbox<SessionEffect>(storage, deadlines, (_lane, effects) => deliver(env, store, effects));
    this.#store = store;
    this.#deadlines = deadlines;
    this.#outbox = outbox;
    this.#life = new Lifecycle(storage, { store, deadlines, outbox, settings: settingsOf(env) });
  }

  /** Takes the session on: persists the intent, then reserves and places in the background. */
  start(request: StartRequest): void {
    if (this.record() || this.#store.isRefused()) return;
    const record: SessionRecord = {
      id: request.sessionId,
      pool: request.pool,
      mode: request.mode,
      requestedAt: Date.now(),
      phase: { state: 'requested' },
      legs: request.tickets.map(({ ticketId, guildId, channelId }) => ({
        ticketId,
        guildId,
        channelId,
        state: 'requested',
      })),
      revision: 0,
      recordingStarted: false,
    };
    this.#life.commit(record);
    this.ctx.waitUntil(this.#advance());
  }

  /**
   * Asked by the matchmaker when a claim expired: decides, for good, whether the session exists. A session that never
   * started will refuse to; one that is not placed by now is given up.
   */
  confirmOrAbort(sessionId: string): Outcome {
    const record = this.record();
    if (!record) {
      this.#store.refuse(sessionId);
      return { kind: 'abort', blamed: [], gone: [] };
    }
    if (record.phase.state === 'requested' || record.phase.state === 'placing') {
      this.#life.abort(record, { kind: 'abort', blamed: [], gone: [] }, 'error');
      return { kind: 'abort', blamed: [], gone: [] };
    }
    // An early end has its own outcome on the way; confirming here would lose the blameless ticket.
    return this.#store.outcome() ?? { kind: 'confirm' };
  }

  /** Ends the session; a second call changes nothing. `byGuild`: on whose side it came up. */
  stop(reason: EndReason, byGuild?: string): void {
    const record = this.record();
    if (record) this.#life.end(byGuild ? { ...record, stoppedBy: byGuild } : record, reason);
  }

  /** What the node reports of the legs in one guild, in order. */
  legEvents(events: SessionReport[]): void {
    for (const event of events) {
      const record = this.record();
      if (!record || record.phase.state === 'ended') continue;
      const next = legReported(record, event);
      if (next === record) continue;
      if (next.legs.every((leg) => leg.state === 'ended')) this.#life.finish(next, this.#life.reasonOf(next, 'error'));
      else if (event.type === 'session.ended' && isLive(next)) this.#life.end(next, event.reason);
      else {
        if (next.phase.state === 'active') this.#deadlines.clear('connecting');
        this.#life.commit(next);
      }
    }
  }

  /** What the node reports of the recording; stored chunks may come after the end and still count. */
  recordingEvents(events: RecordingReport[]): void {
    const record = this.record();
    if (!record) return;
    let recordingStarted = record.recordingStarted;
    for (const event of events) {
      if (event.type === 'recording.started') recordingStarted = true;
      if (event.type === 'recording.failed') {
        console.error(`session ${record.id}: recording failed with ${event.code}: ${event.message}`);
      }
      if (event.type === 'recording.chunk.stored') this.#store.putChunk(event);
    }
    this.#life.commit({ ...record, recordingStarted });
  }

  /** How many people are in the channel of a leg; after a grace without any, the session ends. */
  occupancy(guildId: string, channelId: string, humans: number): void {
    const record = this.record();
    if (!record || !isLive(record)) return;
    const name = `empty:${guildId}:${channelId}`;
    if (humans > 0) this.#deadlines.clear(name);
    else this.#deadlines.setOnce(name, Date.now() + settingsOf(this.env).END_GRACE_MS);
    void this.#deadlines.arm();
  }

  /** The fleet gave the node up. */
  nodeLost(): void {
    const record = this.record();
    if (record && record.phase.state !== 'ended') this.#life.finish(record, this.#life.reasonOf(record, 'node_lost'));
  }

  /** The node will not run it. */
  refused(code: string, message: string): void {
    const record = this.record();
    if (!record || record.phase.state === 'ended') return;
    console.error(`session ${record.id}: refused by its node with ${code}: ${message}`);
    this.#life.finish(record, this.#life.reasonOf(record, code === 'no_identity' ? 'no_identity' : 'error'));
  }

  /** The node ended it as a whole. */
  tombstone(reason: EndReason): void {
    const record = this.record();
    if (record && record.phase.state !== 'ended') this.#life.finish(record, this.#life.reasonOf(record, reason));
  }

  /** What is stored; `null` before {@link start}. */
  record(): SessionRecord | null {
    return this.#store.record();
  }

  override async alarm(): Promise<void> {
    const due = this.#deadlines.take(Date.now());
    for (const name of due) {
      const record = this.record();
      if (!record) continue;
      if (name === 'connecting' && record.phase.state === 'connecting') this.#life.end(record, 'error');
      if (name === 'ending' && record.phase.state === 'ending') this.#life.finish(record, record.phase.reason);
      if (name === 'limit' && isLive(record)) this.#life.end(record, 'timeout');
      if (name.startsWith('empty:') && isLive(record)) this.#life.end(record, emptyReason(record));
    }
    if (due.includes(OUTBOX_DEADLINE)) this.#outbox.kick();
    if (due.includes('advance')) this.ctx.waitUntil(this.#advance());
    await this.#deadlines.arm();
  }

  /** Walks a session from requested to connecting. One at a time; every call to another object may be repeated. */
  async #advance(): Promise<void> {
    if (this.#advancing) return;
    this.#advancing = true;
    try {
      await place(this.env, this.#life);
    } catch (error) {
      // An unreachable object: the deadline tries again, and the claim's expiry gives up in the end.
      console.error('session: cannot be placed yet', error);
    } finally {
      this.#advancing = false;
    }
  }
}
