import type { EndReason } from '@patchbay/shared/end-reason';
import type { Deadlines } from '../alarms/deadlines.ts';
import type { Settings } from '../env.ts';
import type { Outcome } from '../matchmaker/policy.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { noteCaptioned } from './captions.ts';
import { goesOnWithout, legAt, orphanedMonitors, withoutLeg, withRecording } from './changes.ts';
import type { SessionEffect } from './effects.ts';
import {
  connectTime,
  emptyReason,
  followLegs,
  isLive,
  isPlaced,
  limitsOf,
  move,
  type SessionRecord,
} from './record.ts';
import { placed, specOf } from './spec.ts';
import type { SessionStore } from './store.ts';

/** Not yet placed sessions and legs are looked at again after a crash of the object. Milliseconds. */
const ADVANCE_MS = 3_000;

/** The steps of a session's life, each stored together with its deadlines and with what it owes to others. */
export class Lifecycle {
  readonly store: SessionStore;
  readonly deadlines: Deadlines;
  readonly outbox: Outbox<SessionEffect>;
  readonly settings: Settings;
  readonly #storage: DurableObjectStorage;

  constructor(
    storage: DurableObjectStorage,
    parts: { store: SessionStore; deadlines: Deadlines; outbox: Outbox<SessionEffect>; settings: Settings },
  ) {
    this.#storage = storage;
    this.store = parts.store;
    this.deadlines = parts.deadlines;
    this.outbox = parts.outbox;
    this.settings = parts.settings;
  }

  /** Stores the record and tells those who show it. Everything before the next await is stored at once or not at all. */
  commit(changed: SessionRecord): void {
    const record = noteCaptioned(changed);
    this.#storage.transactionSync(() => {
      this.store.putRecord(record);
      const leased = [...record.legs, ...record.past].filter(({ reservation }) => reservation);
      for (const guildId of new Set(leased.map((leg) => leg.guildId))) {
        this.outbox.add(`guild:${guildId}`, { kind: 'view', guildId });
      }
      this.outbox.add('db', { kind: 'project' });
      if (record.recordingStarted) this.outbox.add('recording', { kind: 'recorded' });
      const early = record.phase.state === 'requested' || record.phase.state === 'placing';
      const joining = isLive(record) && record.legs.some(({ state }) => state === 'requested');
      if (early || joining) this.deadlines.set('advance', Date.now() + ADVANCE_MS);
      else this.deadlines.clear('advance');
    });
    void this.deadlines.arm();
    this.outbox.kick();
  }

  /** Owes one thing alone, without a change of the record. */
  owe(lane: string, effect: SessionEffect): void {
    this.outbox.add(lane, effect);
    void this.deadlines.arm();
    this.outbox.kick();
  }

  /** Stores a changed record under a higher revision; the node mends the difference. */
  revise(record: SessionRecord): void {
    const next = { ...record, revision: record.revision + 1 };
    if (next.nodeId !== undefined) {
      this.outbox.add('fleet', { kind: 'apply', nodeId: next.nodeId, spec: specOf(next) });
    }
    this.commit(next);
  }

  /**
   * A leg goes, and with the last one of its guild that guild's monitors; with too few left it is the end of the session.
   * `nodeLetGo`: the node has closed it already, so its guild gets the lease back at once, else when the node says so.
   */
  drop(record: SessionRecord, key: string, reason: EndReason, nodeLetGo = false): void {
    const leg = record.legs.find((each) => each.key === key);
    if (!leg) return;
    if (leg.role !== 'monitor' && !goesOnWithout(record, key)) {
      this.end({ ...record, endedBy: record.endedBy ?? key }, reason);
      return;
    }
    const { guildId, channelId } = leg;
    if (nodeLetGo) this.outbox.add(`guild:${guildId}`, { kind: 'legOver', guildId, channelId, reason });
    let next = withoutLeg(record, key, reason);
    // A monitor listens only where its own guild takes part. What it did not ask for itself is no word of its people.
    for (const orphan of orphanedMonitors(record, key)) next = withoutLeg(next, orphan.key, 'user_left');
    for (const gone of record.legs.filter(({ key: each }) => !next.legs.some((left) => left.key === each))) {
      this.deadlines.clear(`empty:${gone.guildId}:${gone.channelId}`);
      this.deadlines.clear(`record:${gone.guildId}:${gone.channelId}`);
    }
    next = followLegs(next, Date.now());
    if (next.phase.state === 'active') this.deadlines.clear('connecting');
    this.revise(next);
  }

  /** Nobody came back to the channel of a leg: `deadline` is `empty:<guild>:<channel>`. */
  empty(record: SessionRecord, deadline: string): void {
    const [, guildId = '', channelId = ''] = deadline.split(':');
    const leg = legAt(record, { guildId, channelId });
    if (!leg) return;
    if (record.legs.length > 2 || leg.role === 'monitor') this.drop(record, leg.key, 'user_left');
    else this.end({ ...record, endedBy: leg.key }, emptyReason(record));
  }

  /**
   * A side of a call is recorded from now on, until an instant (ms; `null`: as long as the call lasts), or no longer. Before the node
   * has the session it is only noted.
   */
  recordSide(
    record: SessionRecord,
    at: { guildId: string; channelId: string },
    on: boolean,
    until: number | null,
  ): void {
    const deadline = `record:${at.guildId}:${at.channelId}`;
    if (on && until !== null) this.deadlines.set(deadline, until);
    else this.deadlines.clear(deadline);
    const next = withRecording(record, at, on);
    if (next === record) void this.deadlines.arm();
    else if (isPlaced(record)) this.revise(next);
    else this.commit(next);
  }

  /** The time of a side's recording is over: `deadline` is `record:<guild>:<channel>`. */
  recordingTimedOut(record: SessionRecord, deadline: string): void {
    const [, guildId = '', channelId = ''] = deadline.split(':');
    this.outbox.add(`guild:${guildId}`, { kind: 'recordingOver', guildId, channelId });
    this.recordSide(record, { guildId, channelId }, false, null);
  }

  /** The node's own word on an end counts more than ours, unless we asked for the end. */
  reasonOf(record: SessionRecord, fallback: EndReason): EndReason {
    if (record.phase.state === 'ending') return record.phase.reason;
    return record.legs.find((leg) => leg.endReason)?.endReason ?? fallback;
  }

  /** Asks the node to end it, or gives it up when no node has it yet. Nothing when it is ending already. */
  end(record: SessionRecord, reason: EndReason): void {
    if (!isLive(record)) return;
    if (record.phase.state === 'requested' || record.phase.state === 'placing') {
      const own = record.legs.filter((leg) => leg.guildId === record.stoppedBy);
      const gone = own.flatMap(({ ticketId }) => ticketId ?? []);
      this.abort(record, { kind: 'abort', blamed: [], gone }, reason);
      return;
    }
    const now = Date.now();
    this.deadlines.clearAll();
    this.deadlines.set('ending', now + this.settings.END_TIMEOUT_MS);
    const by = record.legs.find(({ key }) => key === record.endedBy)?.reservation?.legId;
    this.outbox.add('fleet', { kind: 'end', reason, ...(by === undefined ? {} : { by }) });
    this.commit(move(record, { state: 'ending', reason, since: now }));
  }

  /** Ended before it was placed: gives everything back. */
  abort(record: SessionRecord, outcome: Outcome, reason: EndReason): void {
    this.deadlines.clearAll();
    this.store.putOutcome(outcome);
    const ended = move(record, { state: 'ended', reason, at: Date.now() });
    this.commit(ended);
    const without =
      reason === 'no_identity' ? record.legs.find(({ key }) => key === record.endedBy)?.guildId : undefined;
    for (const guildId of new Set(record.legs.map((leg) => leg.guildId))) {
      const stoppedHere = record.stoppedBy === guildId;
      const own = record.legs.filter((leg) => leg.guildId === guildId && guildId === without && !leg.reservation);
      const unserved = own.map(({ channelId }) => channelId);
      // Its people wait for a call that cannot start: they are shown why, although they never had a part in it.
      if (without !== undefined) this.outbox.add(`guild:${guildId}`, { kind: 'view', guildId });
      this.outbox.add(`guild:${guildId}`, { kind: 'release', guildId, stoppedHere, unserved, reason });
    }
    this.outbox.add('matchmaker', { kind: 'settle', pool: record.pool, outcome });
    this.outbox.kick();
  }

  /** It is over on the node: the guilds do with their channels what their settings say. */
  finish(record: SessionRecord, reason: EndReason): void {
    if (record.phase.state === 'requested' || record.phase.state === 'placing') {
      this.abort(record, { kind: 'abort', blamed: [], gone: [] }, reason);
      return;
    }
    this.deadlines.clearAll();
    const legs = record.legs.map((leg) => ({ ...leg, state: 'ended' as const }));
    this.commit(move({ ...record, legs }, { state: 'ended', reason, at: Date.now() }));
    for (const guildId of new Set([...record.legs, ...record.past].map((leg) => leg.guildId))) {
      const stoppedHere = reason === 'command' && record.stoppedBy === guildId;
      this.outbox.add(`guild:${guildId}`, { kind: 'over', guildId, reason, stoppedHere });
    }
    this.outbox.add('fleet', { kind: 'forget' });
    this.outbox.kick();
  }

  /** The legs are placed: the node is told to run it, and has a limited time to connect. */
  connect(from: SessionRecord, nodeId: string, epochs: Record<string, number>): void {
    const { CALL_LIMIT_SECONDS, CALL_WARN_SECONDS } = this.settings;
    const now = Date.now();
    const limits = from.limits ?? limitsOf(from, { seconds: CALL_LIMIT_SECONDS, warnSeconds: CALL_WARN_SECONDS });
    const record = placed(from, { nodeId, epochs }, limits, now);
    this.deadlines.set('connecting', now + connectTime(record, this.settings));
    if (limits.seconds > 0) this.deadlines.set('limit', now + limits.seconds * 1000);
    this.outbox.add('matchmaker', { kind: 'settle', pool: record.pool, outcome: { kind: 'confirm' } });
    this.outbox.add('fleet', { kind: 'apply', nodeId, spec: specOf(record) });
    this.commit(record);
  }
}
