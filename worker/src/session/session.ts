import { DurableObject } from 'cloudflare:workers';
import type { SessionStats } from '@patchbay/shared/control-messages';
import type { EndReason } from '@patchbay/shared/end-reason';
import type { RelaySide } from '@patchbay/shared/session-spec';
import { ulid } from 'ulid';
import { Deadlines } from '../alarms/deadlines.ts';
import { type Env, settingsOf } from '../env.ts';
import type { ForeignCaption } from '../guild/captions/events.ts';
import type { SideCaptions } from '../guild/captions/sides.ts';
import type { GuildPrivacy } from '../guild/privacy.ts';
import type { Outcome } from '../matchmaker/policy.ts';
import { OUTBOX_DEADLINE, Outbox } from '../outbox/outbox.ts';
import { walkOn } from './attaching.ts';
import { changeCaptions, passCaption } from './captions.ts';
import {
  attachRefusal,
  type ChangeAnswer,
  changeRefusal,
  goesOnWithout,
  legAt,
  legOf,
  type NewLeg,
  onHold,
  type Refusal,
  relayed,
  rerouted,
  transferRefusal,
  withLeg,
  withVolume,
} from './changes.ts';
import { deliver, type SessionEffect } from './effects.ts';
import { deadlinePassed, legsReported, nodeEnded, nodeLost, nodeRefused, occupied } from './leg-reports.ts';
import { Lifecycle } from './lifecycle.ts';
import { LiveLane } from './live-lane.ts';
import { type NoteAnswer, type SessionNote, withNote } from './notes.ts';
import { isLive, isPlaced, type RecordingReport, type SessionRecord, type SessionReport } from './record.ts';
import { recordingReported } from './recordings.ts';
import { type SealRequest, seal } from './seals.ts';
import { firstRecord, type StartRequest } from './start.ts';
import { SessionStore } from './store.ts';

/** One session: its state machine, made durable. The pure parts are `record.ts`, `spec.ts` and `changes.ts`, the steps `lifecycle.ts`. */
export class Session extends DurableObject<Env> {
  readonly #store: SessionStore;
  readonly #deadlines: Deadlines;
  readonly #outbox: Outbox<SessionEffect>;
  readonly #life: Lifecycle;
  readonly #live: LiveLane;
  #walking: Promise<unknown> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { storage } = ctx;
    const store = new SessionStore(storage.sql);
    const deadlines = new Deadlines(storage);
    const outbox = new Outbox<SessionEffect>(storage, deadlines, (_lane, effects) => deliver(env, store, effects));
    this.#store = store;
    this.#deadlines = deadlines;
    this.#outbox = outbox;
    this.#live = new LiveLane(env, store);
    this.#life = new Lifecycle(storage, { store, deadlines, outbox, settings: settingsOf(env) });
  }

  /** Takes the session on: persists the intent, then reserves and places in the background. */
  start(request: StartRequest): void {
    if (this.record() || this.#store.isRefused()) return;
    this.#life.commit(firstRecord(request, { newKey: ulid, now: Date.now() }));
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

  /** Ends the session; a second call changes nothing. `byGuild` (and its channel): on whose side it came up. */
  stop(reason: EndReason, byGuild?: string, channelId?: string): void {
    const record = this.record();
    if (!record) return;
    const own = record.legs.filter((leg) => leg.guildId === byGuild);
    const endedBy = (own.find((leg) => leg.channelId === channelId) ?? own[0])?.key;
    const by = { ...(byGuild ? { stoppedBy: byGuild } : {}), ...(endedBy ? { endedBy } : {}) };
    this.#life.end({ ...record, ...by }, reason);
  }

  /** A channel joins: as a party, as staff, or as a monitor, which only listens. Answers when the node was told. Idempotent. */
  async attach(leg: NewLeg): Promise<ChangeAnswer> {
    return this.#attach(leg, attachRefusal);
  }

  /** A channel leaves; the others go on while they are a call. Idempotent. */
  detach(legId: string): ChangeAnswer {
    const record = this.record();
    const refusal = changeRefusal(record);
    if (refusal || !record) return refusal ?? { ok: true };
    const leg = legOf(record, legId);
    if (leg) this.#life.drop(record, leg.key, 'command');
    return { ok: true };
  }

  /**
   * The leg of a channel leaves by its own people's wish, whether it is connected yet or not; the others go on while they are a
   * call, else the session ends on that side. Idempotent.
   */
  detachChannel(guildId: string, channelId: string, reason: EndReason): void {
    const record = this.record();
    const leg = record && isLive(record) ? legAt(record, { guildId, channelId }) : undefined;
    if (!record || !leg) return;
    const { key, role } = leg;
    if (role === 'monitor' || (isPlaced(record) && goesOnWithout(record, key))) this.#life.drop(record, key, reason);
    else this.#life.end({ ...record, stoppedBy: guildId, endedBy: key }, reason);
  }

  /** Another matrix, by leg ids. */
  setRoutes(routes: [from: string, to: string][]): ChangeAnswer {
    return this.#revise((record) => rerouted(record, routes));
  }

  /** Puts a leg on hold, or takes it back: on hold it hears nobody and is heard by nobody. */
  hold(legId: string, on: boolean): ChangeAnswer {
    return this.#revise((record) => onHold(record, legId, on));
  }

  /** Makes a leg's people, or one person, louder or softer. */
  setVolume(order: Parameters<typeof withVolume>[1]): ChangeAnswer {
    return this.#revise((record) => withVolume(record, order));
  }

  /** What the node sees live: goes on to the guilds, and is not stored. */
  stats(stats: SessionStats): void {
    this.ctx.waitUntil(this.#live.take(stats));
  }

  /** A side switched the text relay on or off, at any time of the session's life. */
  setRelay(guildId: string, channelId: string, relay: RelaySide | null): void {
    const record = this.record();
    if (!record || !isLive(record)) return;
    const next = relayed(record, { guildId, channelId }, relay);
    if (next !== record) this.#life.revise(next);
  }

  /** Hands the call on to another channel of the same server: it joins, and once it is connected `fromLegId` leaves. */
  async transfer(fromLegId: string, to: NewLeg): Promise<ChangeAnswer> {
    const record = this.record();
    const from = record ? legOf(record, fromLegId) : undefined;
    const there = record ? legAt(record, to) : undefined;
    if (record && from && there && there.replaces !== from.key) {
      const inside = from.guildId === to.guildId && from.role !== 'monitor';
      const refusal = changeRefusal(record) ?? (inside ? null : transferRefusal(record, fromLegId, to));
      if (refusal) return refusal;
      // That channel is in the call already: it only has to go on without this one.
      if (there !== from) this.#life.drop(record, from.key, 'command');
      return { ok: true };
    }
    return this.#attach(to, (of) => transferRefusal(of, fromLegId, to), from?.key);
  }

  /** What the node reports of the legs in one guild, in order. */
  legEvents(events: SessionReport[]): void {
    legsReported(this.#life, events);
  }

  /** What the node reports of recordings and reports; what is stored may come after the end and still counts. */
  recordingEvents(events: RecordingReport[]): void {
    recordingReported(this.#life, events);
  }

  /** A report of this session wants the last ten seconds sealed. Idempotent. */
  seal(request: SealRequest): void {
    seal(this.#life, request);
  }

  /** A guild changed what may be done with its people's voices: the node learns of it at once. Idempotent. */
  setPrivacy(guildId: string, privacy: GuildPrivacy): void {
    const record = this.record();
    if (!record || !isLive(record) || (record.privacy?.[guildId]?.version ?? -1) >= privacy.version) return;
    const next = { ...record, privacy: { ...record.privacy, [guildId]: privacy } };
    if (isPlaced(record)) this.#life.revise(next);
    else this.#life.commit(next);
  }

  /**
   * The people of a channel's side are recorded from now on, until an instant (ms) at most, or no longer; the node learns of it at
   * once. Idempotent.
   */
  setRecording(guildId: string, channelId: string, on: boolean, until: number | null): void {
    const record = this.record();
    if (record && isLive(record)) this.#life.recordSide(record, { guildId, channelId }, on, until);
  }

  /** A mark in what is being recorded. */
  addNote(note: Omit<SessionNote, 'at'>): NoteAnswer {
    const before = this.record();
    if (!before) return { ok: false, code: 'not_recorded' };
    const { answer, record } = withNote(before, note, Date.now());
    if (answer.ok) this.#life.commit(record);
    return answer;
  }

  /** A guild changed how its side is captioned: the node learns of it at once. Idempotent. */
  setCaptions(guildId: string, channelId: string, captions: SideCaptions): void {
    changeCaptions(this.#life, { guildId, channelId }, captions);
  }

  /** What somebody said on one side goes on to the sides that hear it; also when it comes after the end. */
  caption(guildId: string, channelId: string, caption: ForeignCaption, at: number): void {
    passCaption(this.#life, { guildId, channelId }, caption, at);
  }

  /** How many people are in the channel of a leg; after a grace without any, it leaves, or the session ends. */
  occupancy(guildId: string, channelId: string, humans: number): void {
    occupied(this.#life, { guildId, channelId }, humans);
  }

  /** The fleet gave the node up. */
  nodeLost(): void {
    nodeLost(this.#life);
  }

  /** The node will not run it. */
  refused(code: string, message: string): void {
    nodeRefused(this.#life, code, message);
  }

  /** The node ended it as a whole; `by`: the leg on whose side it came up. */
  tombstone(reason: EndReason, by?: string): void {
    nodeEnded(this.#life, reason, by);
  }

  /** What is stored; `null` before {@link start}. */
  record(): SessionRecord | null {
    return this.#store.record();
  }

  override async alarm(): Promise<void> {
    const due = this.#deadlines.take(Date.now());
    for (const name of due) deadlinePassed(this.#life, name);
    if (due.includes(OUTBOX_DEADLINE)) this.#outbox.kick();
    if (due.includes('advance')) this.ctx.waitUntil(this.#advance());
    await this.#deadlines.arm();
  }

  #revise(change: (record: SessionRecord) => SessionRecord | Refusal): ChangeAnswer {
    const record = this.record();
    const refusal = changeRefusal(record);
    if (refusal || !record) return refusal ?? { ok: true };
    const next = change(record);
    if ('ok' in next) return next;
    if (next !== record) this.#life.revise(next);
    return { ok: true };
  }

  async #attach(
    leg: NewLeg,
    refusalOf: (record: SessionRecord, leg: NewLeg) => Refusal | null,
    replaces?: string,
  ): Promise<ChangeAnswer> {
    const record = this.record();
    const over = changeRefusal(record);
    if (over || !record) return over ?? { ok: true };
    let key = legAt(record, leg)?.key;
    if (key === undefined) {
      const refusal = refusalOf(record, leg);
      if (refusal) return refusal;
      key = ulid();
      this.#life.commit(withLeg(record, leg, key, replaces));
    }
    const refused = await this.#advance();
    const joined = this.record()?.legs.find((each) => each.key === key);
    if (joined?.reservation) return { ok: true, legId: joined.reservation.legId };
    const message = 'The channel could not join the call. Try again in a moment.';
    return refused.get(key) ?? { ok: false, code: 'not_joined', message };
  }

  /** Walks a session from requested to connecting, and legs that join later. One at a time; every call may be repeated. */
  async #advance(): Promise<Map<string, Refusal>> {
    while (this.#walking) await this.#walking;
    const walk = walkOn(this.env, this.#life);
    this.#walking = walk.finally(() => {
      this.#walking = null;
    });
    await this.#walking;
    return walk;
  }
}
