import { DurableObject } from 'cloudflare:workers';
import type { EndReason } from '@patchbay/shared/end-reason';
import type { NodeEvent } from '@patchbay/shared/events';
import type { SessionView } from '@patchbay/shared/hub-protocol';
import { ulid } from 'ulid';
import { Deadlines } from '../alarms/deadlines.ts';
import type { Transcript } from '../captions/place.ts';
import { canSeal, type Env, matchmakerOf, settingsOf } from '../env.ts';
import type { GuildPicture } from '../hub/items.ts';
import { OUTBOX_DEADLINE, Outbox } from '../outbox/outbox.ts';
import type { PanelProgress } from '../panel/state.ts';
import type { Asker } from '../recording/access.ts';
import type { Places } from '../recording/say.ts';
import type { LegLive, LegSpeakers } from '../session/live.ts';
import { BREAKER_DEADLINE, GuildBook } from './book.ts';
import { type CaptionsReport, type CaptionsRequest, captions, showCaptions } from './captions/commands.ts';
import { type ForeignCaption, foreignCaption, transcriptStored } from './captions/events.ts';
import { type TranscriptAnswer, transcriptFor } from './captions/readers.ts';
import { evict, joinQueue, leave, next, stop } from './commands.ts';
import { type DeskAction, desk } from './desk.ts';
import { deliver, type GuildEffect } from './effects.ts';
import { ingest } from './events.ts';
import { HubShards } from './hub-lane.ts';
import { showLive, showProgress, speakers } from './live.ts';
import { MAIL_DEADLINE, owesMail, sendMail } from './mails.ts';
import { allowMonitors, monitor, stopMonitor } from './monitors.ts';
import { privacyStatus, setOptOut } from './opt-outs.ts';
import { pictureOf } from './picture.ts';
import { type RecordRequest, recordingOver, rolesAsked, startRecording, stopRecording } from './record.ts';
import { noteRecording } from './record-notes.ts';
import { type RecordRuleChange, setRecordRule } from './record-setup.ts';
import { type RecordStatus, recordStatus } from './record-status.ts';
import { asker, places, type RecordingRules, recordingRules } from './recorded.ts';
import { type RejoinFacts, RejoinLimit, rejoinFacts } from './rejoining.ts';
import { accept, type Reply } from './replies.ts';
import { type ReportRequest, report } from './reports.ts';
import { type Obstacle, obstacle, type ReserveAnswer, type ReserveRequest, reserve } from './reserving.ts';
import { legOver, release, sessionChanged, sessionOver } from './sessions.ts';
import type { SettingsPatch } from './settings.ts';
import { DEFAULTS } from './settings-store.ts';
import { block, change, configure, reset, setSealing, unblock } from './setup.ts';
import { type ChannelStatus, type Known, known, type SetupReport, show, status } from './status.ts';
import { GuildStore } from './store.ts';
import { type ViewerAnswer, Viewers } from './viewers.ts';

/** Used interactions are remembered longer than their signature is accepted. Milliseconds. */
const INTERACTION_KEPT_MS = 3_600_000;
/** Roles that are known for so long are good enough to hand out links by. Milliseconds. */
const ROLES_MS = 60_000;

const actions = { next, leave, stop, evict };
export type ChannelAction = keyof typeof actions;

/** Where a person is, and which channel they speak of. */
export interface Located {
  own: string | null;
  target: { channelId: string; name: string } | null;
  /** The Discord role that the server named as its staff. */
  staffRole: string | null;
}

/**
 * One guild: who is where, one use per channel, the leases of its legs. It numbers events and holds no sockets.
 * Here is its outside: each method is one transaction; the rules stand in the files beside it.
 */
export class Guild extends DurableObject<Env> {
  readonly #store: GuildStore;
  readonly #deadlines: Deadlines;
  readonly #outbox: Outbox<GuildEffect>;
  readonly #book: GuildBook;
  readonly #rejoinLimit = new RejoinLimit();
  readonly #shards: HubShards;
  readonly #viewers: Viewers;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new GuildStore(ctx.storage.sql);
    this.#deadlines = new Deadlines(ctx.storage);
    this.#outbox = new Outbox(ctx.storage, this.#deadlines, (lane, effects) => {
      return lane.startsWith('record:')
        ? this.#askRoles(lane.slice('record:'.length))
        : deliver(env, this.#book, lane, effects);
    });
    this.#book = new GuildBook(
      this.#store,
      this.#deadlines,
      () => {
        const settings = settingsOf(env);
        const { COOLDOWN_MS, FAILURE_REST_MS, BREAKER_FAILURES, BREAKER_WINDOW_MS, BREAKER_PAUSE_MS } = settings;
        const { RECORD_LIMIT_SECONDS: recordLimitSeconds, VIEWER_CHECK_MS: viewerCheckMs } = settings;
        const breaker = { failures: BREAKER_FAILURES, windowMs: BREAKER_WINDOW_MS, pauseMs: BREAKER_PAUSE_MS };
        const keep = { chunkDays: settings.CHUNK_RETENTION_DAYS, recordingDays: settings.RECORDING_RETENTION_DAYS };
        const rests = { cooldownMs: COOLDOWN_MS, faultMs: FAILURE_REST_MS, breaker };
        return { ...rests, sealing: canSeal(settings), recordLimitSeconds, viewerCheckMs, keep };
      },
      (lane, effect) => this.#outbox.add(lane, effect),
    );
    this.#shards = new HubShards(this.#book, env);
    this.#viewers = new Viewers(
      this.#book,
      () => settingsOf(env),
      (work) => this.#transaction(work),
    );
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

  /** Why an operator's session would find no leg in a channel now. */
  obstacle(channelId: string, role: ReserveRequest['role']): Obstacle | null {
    return obstacle(this.#book, channelId, role);
  }

  /** A session was given up before it was placed. */
  release(sessionId: string, stoppedHere: boolean, unserved: string[] = [], reason: EndReason = 'error'): void {
    this.#transaction(() => release(this.#book, { sessionId, unserved, reason }, stoppedHere));
  }

  /** The newest view of a session that has a leg here. */
  sessionChanged(view: SessionView): void {
    this.#transaction(() => sessionChanged(this.#book, view));
  }

  /** How the people of a channel who speak are named. */
  speakers(channelId: string, userIds: string[]): LegSpeakers {
    return speakers(this.#book, channelId, userIds);
  }

  /** What is live in a call of this guild. Nothing is stored. */
  live(sessionId: string, legs: LegLive[], counts: { late: number; concealed: number }): Promise<void> {
    return showLive(this.#book, this.env, sessionId, legs, counts);
  }

  /** How far a recording of these channels is. Nothing is stored. */
  recordingProgress(sessionId: string, channelIds: string[], progress: PanelProgress): Promise<void> {
    return showProgress(this.#book, this.env, sessionId, channelIds, progress);
  }

  /** Where something about a recorded channel can be said: its own chat, then the channel of its panel. */
  places(channelId: string): Places {
    return places(this.#book, channelId);
  }

  /** What this server sets up for its recordings. */
  recordingRules(): RecordingRules {
    return recordingRules(this.#book);
  }

  /** Sends a mail about a recording to this server's addresses, once. */
  mail(sessionId: string, mail: { subject: string; text: string }): void {
    this.#transaction(() => owesMail(this.#book, sessionId, mail));
  }

  /** Somebody who wants a recording of this server, as it knows them now. */
  asker(userId: string, maxAgeMs: number, known?: { roles?: string[]; manages?: boolean }): Promise<Asker> {
    return asker(this.#book, userId, () => this.#viewers.of(userId, maxAgeMs), known);
  }

  /** A session is over. Idempotent. */
  sessionOver(sessionId: string, reason: EndReason, stoppedHere: boolean): void {
    this.#transaction(() => sessionOver(this.#book, sessionId, { reason, stoppedHere }));
  }

  /** The channel that a command is about: the one it names, else the caller's own. */
  locate(userId: string, named?: string): Located {
    const own = this.#book.channelOf(userId)?.channelId ?? null;
    const target = this.#store.channel(named ?? own ?? '');
    const staffRole = this.#book.settings.stored(DEFAULTS).staffRole ?? null;
    return { own, target: target ? { channelId: target.channelId, name: target.name } : null, staffRole };
  }

  /** `/record start`. */
  startRecording(request: RecordRequest): Reply {
    return this.#transaction(() => startRecording(this.#book, request));
  }

  /** `/record stop`. */
  stopRecording(channelId: string): Reply {
    return this.#transaction(() => stopRecording(this.#book, channelId));
  }

  /** `/record note`: a mark in the running recording of a channel. */
  noteRecording(channelId: string, userId: string, text: string): Promise<Reply> {
    return noteRecording(this.#book, this.env, { channelId, userId, text });
  }

  /** `/record status`. */
  recordStatus(channelId: string): RecordStatus {
    return recordStatus(this.#book, channelId);
  }

  /** A side of a call is not recorded any longer, while the call goes on. Idempotent. */
  recordingOver(sessionId: string, channelId: string, reason: EndReason): void {
    this.#transaction(() => recordingOver(this.#book, sessionId, reason, channelId));
  }

  /** `/setup record`: one rule more (one with the same key takes its place), or one less. */
  setRecordRule(change: RecordRuleChange): Reply {
    return this.#transaction(() => setRecordRule(this.#book, change));
  }

  /** `/privacy optout` and `optin`: stored, and owed to the sessions that run, when this answers. */
  setOptOut(userId: string, out: boolean): Reply {
    return this.#transaction(() => setOptOut(this.#book, userId, out));
  }

  /** `/privacy status`. */
  privacyStatus(userId: string): Reply {
    return privacyStatus(this.#book, userId);
  }

  /** One leg of a session is over while the others go on. Idempotent. */
  legOver(sessionId: string, channelId: string, reason: EndReason): void {
    const end = { reason, stoppedHere: reason === 'command' };
    this.#transaction(() => legOver(this.#book, { sessionId, channelId }, end));
  }

  /** `/call join`: queues the channel that the user is in. */
  async join(userId: string): Promise<Reply> {
    const waiting = this.#transaction(() => joinQueue(this.#book, userId));
    if ('code' in waiting) return waiting;
    const place = await matchmakerOf(this.env, waiting.pool).place(waiting.ticketId);
    // Without a place it is about to be matched, or the matchmaker has not heard of it yet.
    return place === null ? accept('waiting') : accept('queued', { place });
  }

  /** The session that a channel is in. */
  sessionOf(channelId: string): string | null {
    return this.#store.channel(channelId)?.sessionId ?? null;
  }

  /** `/call next`, `leave`, `stop`, and `/leave`. */
  act(action: ChannelAction, channelId: string): Reply {
    return this.#transaction(() => actions[action](this.#book, channelId));
  }

  /** `/call report`. */
  report(request: ReportRequest): Reply {
    return this.#transaction(() => report(this.#book, request));
  }

  /** `/call status`; `null` for a channel that is not known. */
  status(channelId: string): Promise<ChannelStatus | null> {
    return status(this.#book, this.env, channelId);
  }

  /** `/setup channel`. */
  configure(channelId: string, name: string, patch: SettingsPatch): Reply {
    return this.#transaction(() => configure(this.#book, channelId, name, patch));
  }

  /** `/setup after-end`, `limits`, `panel` and `relay`; without a channel the server's defaults. */
  change(channelId: string | null, patch: SettingsPatch): Reply {
    return this.#transaction(() => change(this.#book, channelId, patch));
  }

  /** `/setup block` and `unblock`. */
  setBlock(reference: string, blocked: boolean): Reply {
    return this.#transaction(() => (blocked ? block : unblock)(this.#book, reference));
  }

  /** `/setup reset`; without a channel everything. */
  reset(channelId: string | null): Reply {
    return this.#transaction(() => reset(this.#book, channelId));
  }

  /** `/setup show`. */
  show(): SetupReport {
    return show(this.#book);
  }

  /** What autocomplete offers. */
  known(): Known {
    return known(this.#book);
  }

  /** `/desk`: hold, resume, transfer, invite. */
  desk(userId: string, action: DeskAction, channelId?: string): Promise<Reply> {
    return desk(this.#book, this.env, { userId, action, channelId });
  }

  /** `/monitor start`: the user's channel listens to a running call. */
  monitor(userId: string, channelId?: string): Promise<Reply> {
    return monitor(this.#book, this.env, { userId, channelId });
  }

  /** `/monitor stop`. */
  stopMonitor(userId: string): Reply {
    return this.#transaction(() => stopMonitor(this.#book, userId));
  }

  /** `/monitors allow|deny`. */
  allowMonitors(allow: boolean): Reply {
    return this.#transaction(() => allowMonitors(this.#book, allow));
  }

  /** `/setup reports on|off`. */
  setSealing(on: boolean): Reply {
    return this.#transaction(() => setSealing(this.#book, on));
  }

  /** `/captions`: start, stop, languages and settings. */
  captions(request: CaptionsRequest): Reply {
    return this.#transaction(() => captions(this.#book, request));
  }

  /** `/captions status`. */
  showCaptions(userId: string, channelId: string | null): CaptionsReport {
    return showCaptions(this.#book, userId, channelId);
  }

  /** What somebody said on another side of a call. Idempotent. */
  foreignCaption(channelId: string, caption: ForeignCaption, at: number): void {
    this.#transaction(() => foreignCaption(this.#book, channelId, caption, at));
  }

  /** The transcript of a session is stored. Idempotent. */
  transcriptStored(channelId: string, transcript: Transcript): void {
    this.#transaction(() => transcriptStored(this.#book, channelId, transcript));
  }

  /** A transcript, for somebody who may have it. */
  transcript(sessionId: string, userId: string): Promise<TranscriptAnswer> {
    return transcriptFor(this.#book, sessionId, userId, () => this.viewer(userId, ROLES_MS));
  }

  /** Marks an interaction as used; `false` when it was used before. */
  useInteraction(id: string): boolean {
    const { sql } = this.#store;
    const now = Date.now();
    sql.exec('DELETE FROM interactions WHERE at < ?', now - INTERACTION_KEPT_MS);
    return sql.exec('INSERT OR IGNORE INTO interactions(id, at) VALUES (?, ?)', id, now).rowsWritten > 0;
  }

  /** What is known of somebody who wants to get back into a channel; who asks too often has to wait. */
  rejoining(userId: string, channelId: string): RejoinFacts {
    const retryAfterMs = this.#rejoinLimit.take(userId, Date.now());
    return retryAfterMs > 0 ? { retryAfterMs } : rejoinFacts(this.#store, userId, channelId);
  }

  /** A shard of the hub is about to take its first socket. */
  openShard(shard: number): void {
    this.#transaction(() => this.#shards.open(shard));
  }

  /** The roles of somebody who wants to look; what is known for no longer than `maxAgeMs` is good enough. */
  viewer(userId: string, maxAgeMs: number): Promise<ViewerAnswer> {
    return this.#viewers.of(userId, maxAgeMs);
  }

  /** The present sequence. */
  head(): { epoch: string; seq: number } {
    return { epoch: this.#store.meta('epoch') ?? '', seq: Number(this.#store.meta('seq') ?? 0) };
  }

  /** The whole picture, the sequence that it includes, and who may see what of it. */
  snapshot(): GuildPicture {
    return pictureOf(this.#book, { ...this.head(), shards: this.#shards.count });
  }

  override async alarm(): Promise<void> {
    const due = this.#deadlines.take(Date.now());
    this.#transaction(() => {
      for (const name of due)
        if (/^(rest|record):/.test(name)) this.#book.reconsider(name.slice(name.indexOf(':') + 1));
      if (due.includes(BREAKER_DEADLINE)) this.#book.reconsiderAll();
    });
    if (due.includes(OUTBOX_DEADLINE)) this.#outbox.kick();
    for (const name of due) {
      if (name.startsWith(MAIL_DEADLINE)) await sendMail(this.#book, this.env, name.slice(MAIL_DEADLINE.length));
    }
    await this.#deadlines.arm();
  }

  /** A rule of recording looks for a role: those that are not known are asked for, then the channel is looked at again. */
  async #askRoles(channelId: string): Promise<void> {
    const { VIEWER_CHECK_MS } = settingsOf(this.env);
    const people = this.#store.people(channelId);
    const answers = await Promise.all(people.map((userId) => this.#viewers.of(userId, VIEWER_CHECK_MS)));
    const allKnown = answers.every(({ kind }) => kind !== 'unknown');
    this.#transaction(() => rolesAsked(this.#book, channelId, allKnown));
  }

  #transaction<T>(work: () => T): T {
    const result = this.ctx.storage.transactionSync(work);
    void this.#deadlines.arm();
    this.#outbox.kick();
    return result;
  }
}
