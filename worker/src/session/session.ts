import { DurableObject } from 'cloudflare:workers';
import type { EndReason } from '@patchbay/shared/end-reason';
import { PatchbayError } from '@patchbay/shared/errors';
import type { NodeEventOf } from '@patchbay/shared/events';
import type { Mode, SessionSpec } from '@patchbay/shared/session-spec';
import { Deadlines } from '../alarms/deadlines.ts';
import { openDb } from '../db/db.ts';
import { projectSession } from '../db/project.ts';
import { type Env, fleetOf, guildOf, matchmakerOf, settingsOf } from '../env.ts';
import type { Outcome, Ticket } from '../matchmaker/policy.ts';
import { OUTBOX_DEADLINE, Outbox } from '../outbox/outbox.ts';
import {
  emptyReason,
  isLive,
  legReported,
  move,
  patchLeg,
  placed,
  type SessionRecord,
  type SessionReport,
  specOf,
} from './record.ts';
import { type StoredObject, viewFor } from './view.ts';

export interface StartRequest {
  sessionId: string;
  pool: string;
  mode: Mode;
  tickets: Ticket[];
}

export type RecordingReport = NodeEventOf<'recording.started' | 'recording.chunk.stored' | 'recording.failed'>;

/** What a session owes to others; each is idempotent. */
type SessionEffect =
  | { kind: 'settle'; pool: string; outcome: Outcome }
  | { kind: 'release'; guildId: string; stoppedHere: boolean }
  | { kind: 'view'; guildId: string }
  | { kind: 'over'; guildId: string; reason: EndReason; stoppedHere: boolean }
  | { kind: 'apply'; nodeId: string; spec: SessionSpec }
  | { kind: 'end'; reason: EndReason }
  | { kind: 'forget' }
  | { kind: 'project' };

/** Not yet placed sessions are looked at again after a crash of the object. Milliseconds. */
const ADVANCE_MS = 3_000;

type ChunkRow = { body: string };

/** One session: its state machine, made durable. The pure part is in `record.ts`. */
export class Session extends DurableObject<Env> {
  readonly #sql: SqlStorage;
  readonly #deadlines: Deadlines;
  readonly #outbox: Outbox<SessionEffect>;
  #advancing = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#deadlines = new Deadlines(ctx.storage);
    this.#outbox = new Outbox(ctx.storage, this.#deadlines, (_lane, effects) => this.#deliver(effects));
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS record(id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS chunks(key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS refused(session_id TEXT PRIMARY KEY) WITHOUT ROWID;
    `);
  }

  /** Takes the session on: persists the intent, then reserves and places in the background. */
  start(request: StartRequest): void {
    if (this.record() || this.#sql.exec('SELECT 1 FROM refused').toArray().length > 0) return;
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
    this.#commit(record);
    this.ctx.waitUntil(this.#advance());
  }

  /**
   * Asked by the matchmaker when a claim expired: decides, for good, whether the session exists. A session that never
   * started will refuse to; one that is not placed by now is given up.
   */
  confirmOrAbort(sessionId: string): Outcome {
    const record = this.record();
    if (!record) {
      this.#sql.exec('INSERT OR IGNORE INTO refused(session_id) VALUES (?)', sessionId);
      return { kind: 'abort', blamed: [], gone: [] };
    }
    if (record.phase.state === 'requested' || record.phase.state === 'placing') {
      this.#abort(record, { kind: 'abort', blamed: [], gone: [] }, 'error');
      return { kind: 'abort', blamed: [], gone: [] };
    }
    // An early end has its own outcome on the way; confirming here would lose the blameless ticket.
    const [kept] = this.#sql.exec<ChunkRow>("SELECT body FROM chunks WHERE key = '#outcome'").toArray();
    return kept ? (JSON.parse(kept.body) as Outcome) : { kind: 'confirm' };
  }

  /** Ends the session; a second call changes nothing. `byGuild`: on whose side it came up. */
  stop(reason: EndReason, byGuild?: string): void {
    const record = this.record();
    if (record) this.#end(byGuild ? { ...record, stoppedBy: byGuild } : record, reason);
  }

  /** What the node reports of the legs in one guild, in order. */
  legEvents(events: SessionReport[]): void {
    for (const event of events) {
      const record = this.record();
      if (!record || record.phase.state === 'ended') continue;
      const next = legReported(record, event);
      if (next === record) continue;
      if (next.legs.every((leg) => leg.state === 'ended')) this.#finish(next, this.#reasonOf(next, 'error'));
      else if (event.type === 'session.ended' && isLive(next)) this.#end(next, event.reason);
      else {
        if (next.phase.state === 'active') this.#deadlines.clear('connecting');
        this.#commit(next);
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
      if (event.type !== 'recording.chunk.stored') continue;
      this.#sql.exec('INSERT OR REPLACE INTO chunks(key, body) VALUES (?, ?)', event.key, JSON.stringify(event));
    }
    this.#commit({ ...record, recordingStarted });
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
    if (record && record.phase.state !== 'ended') this.#finish(record, this.#reasonOf(record, 'node_lost'));
  }

  /** The node will not run it. */
  refused(code: string, message: string): void {
    const record = this.record();
    if (!record || record.phase.state === 'ended') return;
    console.error(`session ${record.id}: refused by its node with ${code}: ${message}`);
    this.#finish(record, this.#reasonOf(record, code === 'no_identity' ? 'no_identity' : 'error'));
  }

  /** The node ended it as a whole. */
  tombstone(reason: EndReason): void {
    const record = this.record();
    if (record && record.phase.state !== 'ended') this.#finish(record, this.#reasonOf(record, reason));
  }

  /** What is stored; `null` before {@link start}. */
  record(): SessionRecord | null {
    const [row] = this.#sql.exec<ChunkRow>('SELECT body FROM record').toArray();
    return row ? (JSON.parse(row.body) as SessionRecord) : null;
  }

  override async alarm(): Promise<void> {
    const due = this.#deadlines.take(Date.now());
    for (const name of due) {
      const record = this.record();
      if (!record) continue;
      if (name === 'connecting' && record.phase.state === 'connecting') this.#end(record, 'error');
      if (name === 'ending' && record.phase.state === 'ending') this.#finish(record, record.phase.reason);
      if (name === 'limit' && isLive(record)) this.#end(record, 'timeout');
      if (name.startsWith('empty:') && isLive(record)) this.#end(record, emptyReason(record));
    }
    if (due.includes(OUTBOX_DEADLINE)) this.#outbox.kick();
    if (due.includes('advance')) this.ctx.waitUntil(this.#advance());
    await this.#deadlines.arm();
  }

  /** Stores the record and tells those who show it. Everything before the next await is stored at once or not at all. */
  #commit(record: SessionRecord): void {
    this.ctx.storage.transactionSync(() => {
      this.#sql.exec('INSERT OR REPLACE INTO record(id, body) VALUES (1, ?)', JSON.stringify(record));
      for (const leg of record.legs) {
        if (!leg.reservation) continue;
        this.#outbox.add(`guild:${leg.guildId}`, { kind: 'view', guildId: leg.guildId });
      }
      this.#outbox.add('db', { kind: 'project' });
      const early = record.phase.state === 'requested' || record.phase.state === 'placing';
      if (early) this.#deadlines.set('advance', Date.now() + ADVANCE_MS);
      else this.#deadlines.clear('advance');
    });
    void this.#deadlines.arm();
    this.#outbox.kick();
  }

  /** The node's own word on an end counts more than ours, unless we asked for the end. */
  #reasonOf(record: SessionRecord, fallback: EndReason): EndReason {
    if (record.phase.state === 'ending') return record.phase.reason;
    return record.legs.find((leg) => leg.endReason)?.endReason ?? fallback;
  }

  #end(record: SessionRecord, reason: EndReason): void {
    if (!isLive(record)) return;
    if (record.phase.state === 'requested' || record.phase.state === 'placing') {
      const gone = record.legs.filter((leg) => leg.guildId === record.stoppedBy).map((leg) => leg.ticketId);
      this.#abort(record, { kind: 'abort', blamed: [], gone }, reason);
      return;
    }
    const now = Date.now();
    this.#deadlines.clearAll();
    this.#deadlines.set('ending', now + settingsOf(this.env).END_TIMEOUT_MS);
    this.#outbox.add('fleet', { kind: 'end', reason });
    this.#commit(move(record, { state: 'ending', reason, since: now }));
  }

  /** Ended before it was placed: gives everything back. */
  #abort(record: SessionRecord, outcome: Outcome, reason: EndReason): void {
    this.#deadlines.clearAll();
    this.#sql.exec("INSERT OR REPLACE INTO chunks(key, body) VALUES ('#outcome', ?)", JSON.stringify(outcome));
    const ended = move(record, { state: 'ended', reason, at: Date.now() });
    this.#commit(ended);
    for (const { guildId } of record.legs) {
      const stoppedHere = record.stoppedBy === guildId;
      this.#outbox.add(`guild:${guildId}`, { kind: 'release', guildId, stoppedHere });
    }
    this.#outbox.add('matchmaker', { kind: 'settle', pool: record.pool, outcome });
    this.#outbox.kick();
  }

  #finish(record: SessionRecord, reason: EndReason): void {
    if (record.phase.state === 'requested' || record.phase.state === 'placing') {
      this.#abort(record, { kind: 'abort', blamed: [], gone: [] }, reason);
      return;
    }
    this.#deadlines.clearAll();
    const legs = record.legs.map((leg) => ({ ...leg, state: 'ended' as const }));
    this.#commit(move({ ...record, legs }, { state: 'ended', reason, at: Date.now() }));
    for (const guildId of new Set(record.legs.map((leg) => leg.guildId))) {
      const stoppedHere = reason === 'command' && record.stoppedBy === guildId;
      this.#outbox.add(`guild:${guildId}`, { kind: 'over', guildId, reason, stoppedHere });
    }
    this.#outbox.add('fleet', { kind: 'forget' });
    this.#outbox.kick();
  }

  /** Walks a session from requested to connecting. One at a time; every call to another object may be repeated. */
  async #advance(): Promise<void> {
    if (this.#advancing) return;
    this.#advancing = true;
    try {
      await this.#place();
    } catch (error) {
      // An unreachable object: the deadline tries again, and the claim's expiry gives up in the end.
      console.error('session: cannot be placed yet', error);
    } finally {
      this.#advancing = false;
    }
  }

  /** The record, if it is still being placed: others may have ended it while we waited. */
  #placing(): SessionRecord | null {
    const record = this.record();
    return record?.phase.state === 'placing' ? record : null;
  }

  async #place(): Promise<void> {
    let record = this.record();
    if (record?.phase.state === 'requested') {
      record = move(record, { state: 'placing' });
      this.#commit(record);
    }
    if (record?.phase.state !== 'placing') return;
    const guildIds = record.legs.map((leg) => leg.guildId);
    const candidates = await fleetOf(this.env).candidates(guildIds);
    record = this.#placing();
    if (!record) return;
    const [nodeId] = candidates.nodeIds;
    if (nodeId === undefined) {
      const without = new Set(candidates.guildsWithout);
      const blamed = record.legs.filter((leg) => without.has(leg.guildId)).map((leg) => leg.ticketId);
      this.#abort(record, { kind: 'abort', blamed, gone: [] }, 'no_identity');
      return;
    }
    for (const [index, leg] of record.legs.entries()) {
      if (leg.reservation) continue;
      const sessionId = record.id;
      const { guildId, channelId, ticketId } = leg;
      const answer = await guildOf(this.env, guildId).reserve({ sessionId, channelId, ticketId, nodeId });
      record = this.#placing();
      if (!record) {
        // Ended meanwhile: the release may have overtaken this reservation, so it is owed once more.
        this.#outbox.add(`guild:${guildId}`, { kind: 'release', guildId, stoppedHere: false });
        void this.#deadlines.arm();
        this.#outbox.kick();
        return;
      }
      if (!answer.ok) {
        const side = [ticketId];
        this.#abort(
          record,
          { kind: 'abort', blamed: answer.gone ? [] : side, gone: answer.gone ? side : [] },
          answer.code === 'no_identity' ? 'no_identity' : 'error',
        );
        return;
      }
      const { legId, identityId, guildName, record: mayRecord } = answer;
      record = patchLeg(record, index, { reservation: { legId, identityId, guildName, record: mayRecord } });
      this.#commit(record);
    }
    const identityIds = record.legs.flatMap((leg) => (leg.reservation ? [leg.reservation.identityId] : []));
    const place = await fleetOf(this.env).place(nodeId, identityIds);
    record = this.#placing();
    if (!record) return;
    if (!place.ok) {
      this.#abort(record, { kind: 'abort', blamed: [], gone: [] }, 'no_identity');
      return;
    }
    this.#connect(record, nodeId, place.epochs);
  }

  #connect(from: SessionRecord, nodeId: string, epochs: Record<string, number>): void {
    const settings = settingsOf(this.env);
    const now = Date.now();
    const record = placed(from, nodeId, epochs, now);
    this.#deadlines.set('connecting', now + settings.CONNECT_TIMEOUT_MS);
    if (settings.CALL_LIMIT_SECONDS > 0) this.#deadlines.set('limit', now + settings.CALL_LIMIT_SECONDS * 1000);
    this.#outbox.add('matchmaker', { kind: 'settle', pool: record.pool, outcome: { kind: 'confirm' } });
    this.#outbox.add('fleet', { kind: 'apply', nodeId, spec: specOf(record, settings.CALL_LIMIT_SECONDS) });
    this.#commit(record);
  }

  #stored(): StoredObject[] {
    return this.#sql
      .exec<ChunkRow>("SELECT body FROM chunks WHERE key <> '#outcome' ORDER BY key")
      .toArray()
      .map((row) => JSON.parse(row.body) as StoredObject);
  }

  async #deliver(effects: SessionEffect[]): Promise<void> {
    const record = this.record();
    if (!record) throw new PatchbayError('session_missing', 'An effect is owed by a session that does not exist.');
    // Views and projections always show the newest state: the last of a run is enough.
    const owed = effects.filter(
      (effect, at) =>
        (effect.kind !== 'view' && effect.kind !== 'project') ||
        !effects.slice(at + 1).some((e) => e.kind === effect.kind),
    );
    for (const effect of owed) await this.#send(record, effect);
  }

  async #send(record: SessionRecord, effect: SessionEffect): Promise<void> {
    switch (effect.kind) {
      case 'settle':
        return matchmakerOf(this.env, effect.pool).settle(record.id, effect.outcome);
      case 'release':
        return guildOf(this.env, effect.guildId).release(record.id, effect.stoppedHere);
      case 'view':
        return guildOf(this.env, effect.guildId).sessionChanged(viewFor(record, effect.guildId, this.#stored()));
      case 'over':
        return guildOf(this.env, effect.guildId).sessionOver(record.id, effect.reason, effect.stoppedHere);
      case 'apply':
        return fleetOf(this.env).apply(effect.nodeId, effect.spec);
      case 'end':
        return fleetOf(this.env).end(record.id, effect.reason);
      case 'forget':
        return fleetOf(this.env).forget(record.id);
      case 'project': {
        const chunks = this.#sql
          .exec<ChunkRow>("SELECT body FROM chunks WHERE key <> '#outcome'")
          .toArray()
          .map((row) => JSON.parse(row.body) as NodeEventOf<'recording.chunk.stored'>);
        return projectSession(openDb(this.env, settingsOf(this.env)), record, chunks);
      }
    }
  }
}
