import { DurableObject } from 'cloudflare:workers';
import type { AfterEnd, EndReason } from '@patchbay/shared/end-reason';
import type { NodeEvent } from '@patchbay/shared/events';
import type { PresenceSnapshot, SessionView } from '@patchbay/shared/hub-protocol';
import { ulid } from 'ulid';
import { Deadlines } from '../alarms/deadlines.ts';
import { type Env, matchmakerOf, settingsOf } from '../env.ts';
import { OUTBOX_DEADLINE, Outbox } from '../outbox/outbox.ts';
import { GuildBook } from './book.ts';
import { configure, joinQueue, type Reply, status, stop } from './commands.ts';
import { type DeskAction, desk } from './desk.ts';
import { deliver, type GuildEffect, POOL } from './effects.ts';
import { ingest } from './events.ts';
import { allowMonitors, monitor } from './monitors.ts';
import {
  legOver,
  type ReserveAnswer,
  type ReserveRequest,
  release,
  reserve,
  sessionChanged,
  sessionOver,
} from './sessions.ts';
import { GuildStore, stateOf } from './store.ts';

/** Used interactions are remembered longer than their signature is accepted. Milliseconds. */
const INTERACTION_KEPT_MS = 3_600_000;

/**
 * One guild: who is where, one use per channel, the leases of its legs. It numbers events and holds no sockets.
 * Here is its outside: each method is one transaction; the rules stand in the files beside it.
 */
export class Guild extends DurableObject<Env> {
  readonly #store: GuildStore;
  readonly #deadlines: Deadlines;
  readonly #outbox: Outbox<GuildEffect>;
  readonly #book: GuildBook;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new GuildStore(ctx.storage.sql);
    this.#deadlines = new Deadlines(ctx.storage);
    this.#outbox = new Outbox(ctx.storage, this.#deadlines, (lane, effects) => deliver(env, this.#book, lane, effects));
    this.#book = new GuildBook(this.#store, this.#deadlines, (lane, effect) => this.#outbox.add(lane, effect));
    if (ctx.id.name && !this.#store.meta('guildId')) this.#store.setMeta('guildId', ctx.id.name);
    if (!this.#store.meta('epoch')) this.#store.setMeta('epoch', ulid());
  }

  /** Takes events of one node's outbox, in order; answers the watermark. */
  ingest(nodeId: string, stream: string, events: NodeEvent[]): number {
    return this.#transaction(() => ingest(this.#book, nodeId, stream, events));
  }

  /** Leases a leg for a session whose ticket waits here. Idempotent. */
  reserve(request: ReserveRequest): ReserveAnswer {
    return this.#transaction(() => reserve(this.#book, request));
  }

  /** A session was given up before it was placed. */
  release(sessionId: string, stoppedHere: boolean): void {
    this.#transaction(() => release(this.#book, sessionId, stoppedHere));
  }

  /** The newest view of a session that has a leg here. */
  sessionChanged(view: SessionView): void {
    this.#transaction(() => sessionChanged(this.#book, view));
  }

  /** A session is over. Idempotent. */
  sessionOver(sessionId: string, reason: EndReason, stoppedHere: boolean): void {
    const { COOLDOWN_MS, FAILURE_REST_MS } = settingsOf(this.env);
    const rest = { cooldownMs: COOLDOWN_MS, faultMs: FAILURE_REST_MS };
    this.#transaction(() => sessionOver(this.#book, sessionId, { reason, stoppedHere }, rest));
  }

  /** One leg of a session is over while the others go on. Idempotent. */
  legOver(sessionId: string, channelId: string, reason: EndReason): void {
    const { COOLDOWN_MS, FAILURE_REST_MS } = settingsOf(this.env);
    const rest = { cooldownMs: COOLDOWN_MS, faultMs: FAILURE_REST_MS };
    const end = { reason, stoppedHere: reason === 'command' };
    this.#transaction(() => legOver(this.#book, { sessionId, channelId }, end, rest));
  }

  /** `/call join`: queues the channel that the user is in. */
  async join(userId: string): Promise<Reply> {
    const reply = this.#transaction(() => joinQueue(this.#book, userId));
    if ('code' in reply) return reply;
    const place = await matchmakerOf(this.env, POOL).place(reply.ticketId);
    const where = place === null ? '' : ` Place in the queue: ${place}.`;
    return { ok: true, code: 'queued', message: `Your channel is waiting for another server.${where}` };
  }

  /** `/call stop`: ends the call of a channel or takes its ticket back. */
  stop(userId: string, channelId: string | undefined, mayManage: boolean): Reply {
    return this.#transaction(() => stop(this.#book, userId, channelId, mayManage));
  }

  /** `/call status`. */
  status(userId: string, channelId?: string): Promise<Reply> {
    return status(this.#book, this.env, userId, channelId);
  }

  /** `/setup`: a channel that is queued when people join. */
  configure(channelId: string, name: string, settings: { record: boolean; after: AfterEnd }): Reply {
    return this.#transaction(() => configure(this.#book, channelId, name, settings));
  }

  /** `/desk`: hold, resume, transfer, invite. */
  desk(userId: string, action: DeskAction, channelId?: string): Promise<Reply> {
    return desk(this.#book, this.env, { userId, action, channelId });
  }

  /** `/monitor`: the user's channel listens to a running call. */
  monitor(userId: string, channelId?: string): Promise<Reply> {
    return monitor(this.#book, this.env, { userId, channelId });
  }

  /** `/monitors allow|deny`. */
  allowMonitors(allow: boolean): Reply {
    return this.#transaction(() => allowMonitors(this.#book, allow));
  }

  /** Marks an interaction as used; `false` when it was used before. */
  useInteraction(id: string): boolean {
    const { sql } = this.#store;
    const now = Date.now();
    sql.exec('DELETE FROM interactions WHERE at < ?', now - INTERACTION_KEPT_MS);
    return sql.exec('INSERT OR IGNORE INTO interactions(id, at) VALUES (?, ?)', id, now).rowsWritten > 0;
  }

  /** The present sequence. */
  head(): { epoch: string; seq: number } {
    return { epoch: this.#store.meta('epoch') ?? '', seq: Number(this.#store.meta('seq') ?? 0) };
  }

  /** The whole picture and the sequence that it includes. */
  snapshot(): { epoch: string; seq: number; snapshot: PresenceSnapshot } {
    return {
      ...this.head(),
      snapshot: {
        guildId: this.#book.id,
        guildName: this.#book.name,
        channels: this.#store.channels().map((channel) => ({
          channelId: channel.channelId,
          name: channel.name,
          configured: channel.configured,
          state: stateOf(channel),
        })),
        members: this.#store
          .members()
          .flatMap(({ asOf: _asOf, channelId, ...member }) => (channelId === null ? [] : [{ ...member, channelId }])),
        sessions: this.#book.views(),
      },
    };
  }

  override async alarm(): Promise<void> {
    const due = this.#deadlines.take(Date.now());
    this.#transaction(() => {
      for (const name of due) if (name.startsWith('rest:')) this.#book.reconsider(name.slice('rest:'.length));
    });
    if (due.includes(OUTBOX_DEADLINE)) this.#outbox.kick();
    await this.#deadlines.arm();
  }

  #transaction<T>(work: () => T): T {
    const result = this.ctx.storage.transactionSync(work);
    void this.#deadlines.arm();
    this.#outbox.kick();
    return result;
  }
}
