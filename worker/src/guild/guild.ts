import { DurableObject } from 'cloudflare:workers';
import type { AfterEnd, EndReason } from '@patchbay/shared/end-reason';
import type { NodeEvent } from '@patchbay/shared/events';
import type { HubEventName, HubEvents, PresenceSnapshot, SessionView } from '@patchbay/shared/hub-protocol';
import { ulid } from 'ulid';
import { Deadlines } from '../alarms/deadlines.ts';
import { openDb } from '../db/db.ts';
import { projectGuild } from '../db/project.ts';
import { type Env, fleetOf, hubOf, matchmakerOf, sessionOf, settingsOf } from '../env.ts';
import type { AnyHubEvent } from '../hub/visibility.ts';
import type { Ticket } from '../matchmaker/policy.ts';
import { OUTBOX_DEADLINE, Outbox } from '../outbox/outbox.ts';
import type { SessionReport } from '../session/record.ts';
import type { RecordingReport } from '../session/session.ts';
import { afterSession, decide } from './channel-policy.ts';
import { giveBack, lease, sessionsOf } from './leases.ts';
import { gone, type PresenceChange, seen, snapshotChanges } from './presence.ts';
import { GuildStore, stateOf } from './store.ts';

/** Tickets of all guilds wait in this pool until pools become a setting. */
export const POOL = 'default';
/** Ended sessions that the page still shows. */
const ENDED_KEPT = 5;
const HOUR_MS = 3_600_000;

export interface ReserveRequest {
  sessionId: string;
  channelId: string;
  ticketId: string;
  nodeId: string;
}
export type ReserveAnswer =
  | { ok: true; legId: string; identityId: string; guildName: string; record: boolean }
  /** `gone`: the ticket is no longer wanted; otherwise the side cannot start now. */
  | { ok: false; code: string; gone: boolean };

/** What a person's request came to; `message` is for them. */
export interface Reply {
  ok: boolean;
  code: string;
  message: string;
}

type GuildEffect =
  | { kind: 'enqueue'; ticket: Ticket }
  | { kind: 'withdraw'; ticketId: string }
  | { kind: 'hub'; event: AnyHubEvent }
  | { kind: 'leg'; event: SessionReport }
  | { kind: 'recording'; event: RecordingReport }
  | { kind: 'occupancy'; channelId: string; humans: number }
  | { kind: 'stop'; reason: EndReason }
  | { kind: 'identity'; identityId: string; member: boolean }
  | { kind: 'project'; name: string; at: number };

/** One guild: who is where, one use per channel, the leases of its legs. It numbers events and holds no sockets. */
export class Guild extends DurableObject<Env> {
  readonly #store: GuildStore;
  readonly #deadlines: Deadlines;
  readonly #outbox: Outbox<GuildEffect>;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new GuildStore(ctx.storage.sql);
    this.#deadlines = new Deadlines(ctx.storage);
    this.#outbox = new Outbox(ctx.storage, this.#deadlines, (lane, effects) => this.#deliver(lane, effects));
    if (ctx.id.name && !this.#store.meta('guildId')) this.#store.setMeta('guildId', ctx.id.name);
    if (!this.#store.meta('epoch')) this.#store.setMeta('epoch', ulid());
  }

  /**
   * Takes events of one node's outbox, in order; what is at or below the watermark was taken before. Each event, its effects
   * and the watermark are stored together. Answers the watermark.
   */
  ingest(nodeId: string, stream: string, events: NodeEvent[]): number {
    const watermark = this.#transaction(() => {
      let mark = this.#store.watermark(nodeId, stream);
      for (const event of events) {
        if (mark !== undefined && event.seq <= mark) continue;
        // A gap: an earlier batch is still on its way. The node sends the rest again after it.
        if (mark !== undefined && event.seq > mark + 1) break;
        this.#apply(event);
        mark = event.seq;
      }
      if (mark !== undefined) this.#store.setWatermark(nodeId, stream, mark);
      return mark ?? 0;
    });
    return watermark;
  }

  /** Leases a leg for a session whose ticket waits here. Idempotent. */
  reserve(request: ReserveRequest): ReserveAnswer {
    return this.#transaction((): ReserveAnswer => {
      const channel = this.#store.channel(request.channelId);
      if (!channel) return { ok: false, code: 'channel_gone', gone: true };
      const mine = channel.use === 'session' && channel.sessionId === request.sessionId;
      const waiting = channel.use === 'waiting' && channel.ticketId === request.ticketId;
      if (!mine && !waiting) return { ok: false, code: 'ticket_withdrawn', gone: true };
      const leg = lease(this.#store, request);
      if (!leg) return { ok: false, code: 'no_identity', gone: false };
      if (waiting) {
        this.#use(channel.channelId, 'session', { ticketId: request.ticketId, sessionId: request.sessionId });
      }
      return { ok: true, ...leg, guildName: this.#name(), record: channel.record };
    });
  }

  /** A session was given up before it was placed: its channel waits again with its old ticket, unless it stopped it itself. */
  release(sessionId: string, stoppedHere: boolean): void {
    this.#transaction(() => {
      giveBack(this.#store, sessionId);
      for (const channel of this.#store.channels()) {
        if (channel.sessionId !== sessionId) continue;
        if (stoppedHere) this.#store.setRest(channel.channelId, true, 0);
        if (stoppedHere) this.#use(channel.channelId, 'idle', {});
        else this.#use(channel.channelId, 'waiting', { ticketId: channel.ticketId });
        this.#reconsider(channel.channelId);
      }
    });
  }

  /** The newest view of a session that has a leg here. */
  sessionChanged(view: SessionView): void {
    this.#transaction(() => {
      const { sql } = this.#store;
      const body = JSON.stringify(view);
      const known = sql
        .exec('SELECT 1 FROM sessions WHERE session_id = ? AND view = ?', view.sessionId, body)
        .toArray();
      if (known.length > 0) return;
      sql.exec('INSERT OR REPLACE INTO sessions(session_id, view) VALUES (?, ?)', view.sessionId, body);
      sql.exec(
        `DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions WHERE view ->> 'state' = 'ended'
          ORDER BY session_id DESC LIMIT -1 OFFSET ?)`,
        ENDED_KEPT,
      );
      this.#emit('session.state', { guildId: this.#id(), session: view });
    });
  }

  /** A session is over: gives its legs back and does with the channel what its setting says. Idempotent. */
  sessionOver(sessionId: string, reason: EndReason, stoppedHere: boolean): void {
    const { COOLDOWN_MS, FAILURE_REST_MS } = settingsOf(this.env);
    this.#transaction(() => {
      giveBack(this.#store, sessionId);
      for (const channel of this.#store.channels()) {
        if (channel.sessionId !== sessionId) continue;
        const rest = { cooldownMs: COOLDOWN_MS, faultMs: FAILURE_REST_MS };
        const next = afterSession({ setting: channel.after, reason, stoppedHere }, rest, Date.now());
        this.#store.setRest(channel.channelId, next.held, next.restUntil);
        if (next.restUntil > 0) this.#deadlines.set(`rest:${channel.channelId}`, next.restUntil);
        this.#use(channel.channelId, 'idle', {});
        this.#reconsider(channel.channelId);
      }
    });
  }

  /** `/call join`: queues the channel that the user is in. */
  async join(userId: string): Promise<Reply> {
    const reply = this.#transaction((): Reply | { ticketId: string } => {
      const channel = this.#channelOf(userId);
      if (!channel) {
        return { ok: false, code: 'not_in_voice', message: 'Join a voice channel first, then use /call join again.' };
      }
      if (channel.use === 'session') {
        return {
          ok: false,
          code: 'channel_busy',
          message: 'This channel is in a call. Use /call stop to end it first.',
        };
      }
      if (channel.use === 'waiting') return { ticketId: channel.ticketId ?? '' };
      this.#store.setRest(channel.channelId, false, 0);
      return { ticketId: this.#enqueue(channel.channelId) };
    });
    if ('code' in reply) return reply;
    const place = await matchmakerOf(this.env, POOL).place(reply.ticketId);
    const where = place === null ? '' : ` Place in the queue: ${place}.`;
    return { ok: true, code: 'queued', message: `Your channel is waiting for another server.${where}` };
  }

  /** `/call stop`: ends the call of a channel or takes its ticket back. */
  stop(userId: string, channelId: string | undefined, mayManage: boolean): Reply {
    return this.#transaction((): Reply => {
      const own = this.#channelOf(userId);
      const channel = channelId === undefined ? own : this.#store.channel(channelId);
      if (!channel) {
        const message = 'Join the voice channel of the call first, or name the channel with the option "channel".';
        return { ok: false, code: 'not_in_voice', message };
      }
      if (own?.channelId !== channel.channelId && !mayManage) {
        const message = 'Only people in that channel may stop its call, or those with the permission Manage Channels.';
        return { ok: false, code: 'no_permission', message };
      }
      if (channel.use === 'idle') {
        return {
          ok: false,
          code: 'nothing_to_stop',
          message: 'Nothing to stop: this channel is neither waiting nor in a call.',
        };
      }
      if (channel.use === 'session') {
        const effect: GuildEffect = { kind: 'stop', reason: 'command' };
        this.#outbox.add(`session:${channel.sessionId}`, effect);
        return { ok: true, code: 'stopping', message: 'The call is ending.' };
      }
      this.#withdraw(channel.channelId, channel.ticketId ?? '');
      this.#store.setRest(channel.channelId, true, 0);
      return { ok: true, code: 'withdrawn', message: 'Your channel has left the queue.' };
    });
  }

  /** `/call status`. */
  async status(userId: string, channelId?: string): Promise<Reply> {
    const channel = channelId === undefined ? this.#channelOf(userId) : this.#store.channel(channelId);
    if (!channel) {
      const message = 'Join a voice channel first, or name one with the option "channel".';
      return { ok: false, code: 'not_in_voice', message };
    }
    if (channel.use === 'waiting') {
      const place = await matchmakerOf(this.env, POOL).place(channel.ticketId ?? '');
      const where = place === null ? 'A partner was found; connecting.' : `Place in the queue: ${place}.`;
      return { ok: true, code: 'waiting', message: `${channel.name} is waiting for another server. ${where}` };
    }
    const view = this.#views().find((each) => each.sessionId === channel.sessionId);
    if (channel.use === 'session') {
      const others = view?.legs.filter((leg) => !leg.own).map((leg) => leg.guildName) ?? [];
      const partner = others.length > 0 ? ` with ${others.join(', ')}` : '';
      return {
        ok: true,
        code: 'session',
        message: `${channel.name} is in a call${partner}: ${view?.state ?? 'requested'}.`,
      };
    }
    return { ok: true, code: 'idle', message: `${channel.name} is idle. Use /call join to find another server.` };
  }

  /** `/setup`: a channel that is queued when people join. */
  configure(channelId: string, name: string, settings: { record: boolean; after: AfterEnd }): Reply {
    return this.#transaction((): Reply => {
      if (!this.#store.channel(channelId)) this.#store.putChannel(channelId, name);
      this.#store.configure(channelId, settings);
      this.#announce(channelId);
      this.#reconsider(channelId);
      const recording = settings.record ? 'Calls are recorded.' : 'Nothing is recorded.';
      return {
        ok: true,
        code: 'configured',
        message: `${name} is queued when people join. ${recording} After a call: ${settings.after}.`,
      };
    });
  }

  /** Marks an interaction as used; `false` when it was used before. */
  useInteraction(id: string): boolean {
    const { sql } = this.#store;
    const now = Date.now();
    sql.exec('DELETE FROM interactions WHERE at < ?', now - HOUR_MS);
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
        guildId: this.#id(),
        guildName: this.#name(),
        channels: this.#store.channels().map((channel) => ({
          channelId: channel.channelId,
          name: channel.name,
          configured: channel.configured,
          state: stateOf(channel),
        })),
        members: this.#store
          .members()
          .flatMap(({ asOf: _asOf, channelId, ...member }) => (channelId === null ? [] : [{ ...member, channelId }])),
        sessions: this.#views(),
      },
    };
  }

  override async alarm(): Promise<void> {
    const due = this.#deadlines.take(Date.now());
    this.#transaction(() => {
      for (const name of due) if (name.startsWith('rest:')) this.#reconsider(name.slice('rest:'.length));
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

  #id(): string {
    return this.#store.meta('guildId') ?? '';
  }

  #name(): string {
    return this.#store.meta('name') ?? 'A server';
  }

  #views(): SessionView[] {
    return this.#store.sql
      .exec<{ view: string }>('SELECT view FROM sessions ORDER BY session_id')
      .toArray()
      .map((row) => JSON.parse(row.view) as SessionView);
  }

  #channelOf(userId: string) {
    const channelId = this.#store.member(userId)?.channelId;
    return channelId ? this.#store.channel(channelId) : undefined;
  }

  #emit<N extends HubEventName>(name: N, payload: HubEvents[N]): void {
    const seq = Number(this.#store.meta('seq') ?? 0) + 1;
    this.#store.setMeta('seq', String(seq));
    const event = { v: 1, type: 'event', event: name, id: ulid(), seq, at: Date.now(), payload } as AnyHubEvent;
    this.#outbox.add('hub', { kind: 'hub', event });
  }

  #announce(channelId: string): void {
    const channel = this.#store.channel(channelId);
    if (!channel) return;
    const { configured } = channel;
    this.#emit('channel.state', { guildId: this.#id(), channelId, configured, state: stateOf(channel) });
  }

  #use(channelId: string, use: 'idle' | 'waiting' | 'session', of: Parameters<GuildStore['setUse']>[2]): void {
    this.#store.setUse(channelId, use, of);
    this.#announce(channelId);
  }

  #enqueue(channelId: string): string {
    const now = Date.now();
    const ticketId = ulid(now);
    this.#use(channelId, 'waiting', { ticketId, since: now });
    const ticket = { ticketId, guildId: this.#id(), channelId, at: now };
    this.#outbox.add('matchmaker', { kind: 'enqueue', ticket });
    return ticketId;
  }

  #withdraw(channelId: string, ticketId: string): void {
    this.#use(channelId, 'idle', {});
    this.#outbox.add('matchmaker', { kind: 'withdraw', ticketId });
  }

  /** Looks at a channel after people came or left, or its use or settings changed. */
  #reconsider(channelId: string): void {
    const found = this.#store.channel(channelId);
    if (!found) return;
    const humans = this.#store.humans(channelId);
    if (humans === 0 && found.held) this.#store.setRest(channelId, false, found.restUntil);
    const channel = { ...found, humans, held: found.held && humans > 0 };
    if (channel.use === 'session') {
      this.#outbox.add(`session:${channel.sessionId}`, { kind: 'occupancy', channelId, humans });
      return;
    }
    const step = decide(channel, Date.now());
    if (step === 'enqueue') this.#enqueue(channelId);
    if (step === 'withdraw') this.#withdraw(channelId, channel.ticketId ?? '');
  }

  #present(changes: readonly PresenceChange[], at: number): void {
    const touched = new Set<string>();
    const guildId = this.#id();
    for (const change of changes) {
      this.#store.applyChange(change, at);
      if (change.kind === 'left') {
        const { userId, previousChannelId, cause } = change;
        touched.add(previousChannelId);
        this.#emit('voice.left', { guildId, channelId: null, previousChannelId, userId, cause });
        continue;
      }
      const { member } = change;
      touched.add(member.channelId);
      if (change.kind === 'moved') {
        touched.add(change.previousChannelId);
        this.#emit('voice.moved', { guildId, previousChannelId: change.previousChannelId, member });
      } else if (change.kind === 'joined') this.#emit('voice.joined', { guildId, member });
      else this.#emit('voice.flags', { guildId, member });
    }
    for (const channelId of touched) this.#reconsider(channelId);
  }

  #apply(event: NodeEvent): void {
    const store = this.#store;
    switch (event.type) {
      case 'voice.snapshot':
        this.#applySnapshot(event);
        return;
      case 'voice.joined':
      case 'voice.moved':
      case 'voice.flags': {
        const change = seen(store.member(event.member.userId), event.member, event.at);
        if (change) this.#present([change], event.at);
        return;
      }
      case 'voice.left': {
        const change = gone(store.member(event.userId), event);
        if (change) this.#present([change], event.at);
        return;
      }
      case 'channel.created':
        store.putChannel(event.channel.channelId, event.channel.name);
        this.#announce(event.channel.channelId);
        return;
      case 'channel.deleted':
        this.#deleteChannel(event.channelId);
        return;
      case 'guild.removed':
        for (const sessionId of sessionsOf(store, event.identityId)) {
          this.#outbox.add(`session:${sessionId}`, { kind: 'stop', reason: 'bot_removed' });
        }
        store.sql.exec('DELETE FROM identities WHERE identity_id = ?', event.identityId);
        this.#owesIdentity(event.identityId, false);
        return;
      case 'session.connecting':
      case 'session.active':
      case 'session.degraded':
      case 'session.ended':
        this.#outbox.add(`session:${event.sessionId}`, { kind: 'leg', event });
        return;
      case 'recording.started':
      case 'recording.chunk.stored':
      case 'recording.failed':
        this.#outbox.add(`session:${event.sessionId}`, { kind: 'recording', event });
    }
  }

  #owesIdentity(identityId: string, member: boolean): void {
    this.#outbox.add('fleet', { kind: 'identity', identityId, member });
  }

  #applySnapshot(event: Extract<NodeEvent, { type: 'voice.snapshot' }>): void {
    const store = this.#store;
    store.sql.exec(
      'INSERT OR REPLACE INTO identities(identity_id, node_id) VALUES (?, ?)',
      event.identityId,
      event.nodeId,
    );
    this.#owesIdentity(event.identityId, true);
    if (event.at < Number(store.meta('asOf') ?? 0)) return;
    store.setMeta('asOf', String(event.at));
    if (store.meta('name') !== event.guildName) {
      store.setMeta('name', event.guildName);
      this.#outbox.add('db', { kind: 'project', name: event.guildName, at: event.at });
    }
    const listed = new Set(event.channels.map((channel) => channel.channelId));
    for (const channel of store.channels()) if (!listed.has(channel.channelId)) this.#deleteChannel(channel.channelId);
    for (const { channelId, name } of event.channels) {
      const known = store.channel(channelId);
      store.putChannel(channelId, name);
      if (!known) this.#announce(channelId);
    }
    this.#present(snapshotChanges(store.members(), event.members, event.at), event.at);
    store.forgetAbsent(event.at - HOUR_MS);
    // A ticket that the matchmaker lost would wait for ever: it is offered again, which changes nothing when it is known.
    for (const { use, ticketId, channelId, since } of store.channels()) {
      if (use !== 'waiting' || ticketId === null) continue;
      this.#outbox.add('matchmaker', {
        kind: 'enqueue',
        ticket: { ticketId, guildId: this.#id(), channelId, at: since },
      });
    }
  }

  #deleteChannel(channelId: string): void {
    const channel = this.#store.channel(channelId);
    if (!channel) return;
    if (channel.use === 'waiting') this.#withdraw(channelId, channel.ticketId ?? '');
    if (channel.use === 'session') {
      const effect: GuildEffect = { kind: 'stop', reason: 'channel_deleted' };
      this.#outbox.add(`session:${channel.sessionId}`, effect);
    }
    this.#store.removeChannel(channelId);
  }

  async #deliver(lane: string, effects: GuildEffect[]): Promise<void> {
    if (lane === 'hub') {
      const events = effects.flatMap((effect) => (effect.kind === 'hub' ? [effect.event] : []));
      await hubOf(this.env, this.#id()).publish(this.#store.meta('epoch') ?? '', events);
      return;
    }
    const session = lane.startsWith('session:') ? sessionOf(this.env, lane.slice('session:'.length)) : null;
    for (const effect of effects) {
      if (effect.kind === 'enqueue') await matchmakerOf(this.env, POOL).enqueue(POOL, effect.ticket);
      if (effect.kind === 'withdraw') await matchmakerOf(this.env, POOL).withdraw(effect.ticketId);
      if (effect.kind === 'leg') await session?.legEvents([effect.event]);
      if (effect.kind === 'recording') await session?.recordingEvents([effect.event]);
      if (effect.kind === 'occupancy') await session?.occupancy(this.#id(), effect.channelId, effect.humans);
      if (effect.kind === 'stop') await session?.stop(effect.reason, this.#id());
      if (effect.kind === 'identity') {
        await fleetOf(this.env).setMember(this.#id(), effect.identityId, effect.member);
      }
      if (effect.kind === 'project') {
        await projectGuild(openDb(this.env, settingsOf(this.env)), this.#id(), effect.name, effect.at);
      }
    }
  }
}
