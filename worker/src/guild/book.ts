import type { HubEventName, HubEvents, SessionView } from '@patchbay/shared/hub-protocol';
import { ulid } from 'ulid';
import type { Deadlines } from '../alarms/deadlines.ts';
import type { AnyHubEvent } from '../hub/visibility.ts';
import type { Keep } from '../recording/record.ts';
import { AccessStore } from './access-store.ts';
import { type BreakerRule, type BreakerState, closed, failed, isPaused } from './breaker.ts';
import { CallLog } from './calls.ts';
import { CaptionsStore } from './captions/store.ts';
import { type ChannelSituation, decide } from './channel-policy.ts';
import type { GuildEffect } from './effects.ts';
import { HistoryStore } from './history-store.ts';
import { isIdentityFree, sessionsIn } from './leases.ts';
import { Listeners } from './listeners.ts';
import { Mails } from './mails.ts';
import { OptOuts } from './opt-outs.ts';
import { refreshPanel } from './panels.ts';
import { considerRecording } from './record.ts';
import { RecordStore } from './record-store.ts';
import { Recorded } from './recorded.ts';
import { ReportLog } from './reports.ts';
import { type ChannelSettings, resolveSettings } from './settings.ts';
import { DEFAULTS, SettingsStore } from './settings-store.ts';
import { type Channel, type GuildStore, stateOf } from './store.ts';
import { type GuildTicket, sameWishes, ticketOf } from './ticket.ts';

/** Times and counts that the deployment sets; milliseconds. */
export interface GuildRules {
  cooldownMs: number;
  /** Rest of a channel after a fault. */
  faultMs: number;
  breaker: BreakerRule;
  /** Somebody is named who may read reports, and there is a bucket: reports may seal what was said. */
  sealing: boolean;
  /** How long recordings are kept where a server sets nothing. */
  keep: Keep;
  /** Length of a recording in seconds; 0: until nobody is left. */
  recordLimitSeconds: number;
  /** Roles that were told so long ago are asked for again. */
  viewerCheckMs: number;
}

export const BREAKER_DEADLINE = 'breaker';

/**
 * The changes that the parts of a guild share: what a channel is used for, and the numbered events that tell of it.
 * Everything here is stored or owed, never sent: call it inside a transaction.
 */
export class GuildBook {
  readonly store: GuildStore;
  readonly settings: SettingsStore;
  readonly calls: CallLog;
  readonly reported: ReportLog;
  readonly recorded: Recorded;
  readonly mails: Mails;
  readonly listeners: Listeners;
  readonly records: RecordStore;
  readonly optOuts: OptOuts;
  readonly access: AccessStore;
  readonly history: HistoryStore;
  readonly captions: CaptionsStore;
  readonly deadlines: Deadlines;
  readonly rules: () => GuildRules;
  /** Owes an effect; it is delivered after the transaction. */
  readonly owe: (lane: string, effect: GuildEffect) => void;

  constructor(
    store: GuildStore,
    deadlines: Deadlines,
    rules: () => GuildRules,
    owe: (lane: string, effect: GuildEffect) => void,
  ) {
    this.store = store;
    this.settings = new SettingsStore(store.sql);
    this.calls = new CallLog(store.sql);
    this.reported = new ReportLog(store.sql);
    this.recorded = new Recorded(store.sql);
    this.mails = new Mails(store.sql);
    this.listeners = new Listeners(store.sql);
    this.records = new RecordStore(store.sql);
    this.optOuts = new OptOuts(store.sql);
    this.access = new AccessStore(store);
    this.history = new HistoryStore(store.sql);
    this.captions = new CaptionsStore(store);
    this.deadlines = deadlines;
    this.rules = rules;
    this.owe = owe;
  }

  get id(): string {
    return this.store.meta('guildId') ?? '';
  }

  get name(): string {
    return this.store.meta('name') ?? 'A server';
  }

  views(): SessionView[] {
    return this.store.sql
      .exec<{ view: string }>('SELECT view FROM sessions ORDER BY session_id')
      .toArray()
      .map((row) => JSON.parse(row.view) as SessionView);
  }

  channelOf(userId: string) {
    const channelId = this.store.member(userId)?.channelId;
    return channelId ? this.store.channel(channelId) : undefined;
  }

  /** What holds for a channel: its own settings over the server's defaults. */
  settingsOf(channelId: string): ChannelSettings {
    return resolveSettings(this.id, this.settings.stored(DEFAULTS), this.settings.stored(channelId));
  }

  get breaker(): BreakerState {
    const stored = this.store.meta('breaker');
    return stored ? (JSON.parse(stored) as BreakerState) : closed;
  }

  /**
   * Numbers an event and owes it to the hub; answers its id. `at`: when it happened, else now; `audience`: the channels of which a
   * viewer must see one, where the payload does not say it.
   */
  emit<N extends HubEventName>(
    name: N,
    payload: HubEvents[N],
    { at = Date.now(), audience }: { at?: number; audience?: string[] } = {},
  ): string {
    const seq = Number(this.store.meta('seq') ?? 0) + 1;
    this.store.setMeta('seq', String(seq));
    const event = { v: 1, type: 'event', event: name, id: ulid(), seq, at, payload } as AnyHubEvent;
    this.owe('hub', { kind: 'hub', event, ...(audience ? { audience } : {}) });
    return event.id;
  }

  /** Owes the hub to look again at who may see what, when that is different now. */
  refreshAccess(): void {
    if (this.access.changed(this.access.facts(this.id, this.name))) this.owe('hub', { kind: 'access' });
  }

  /** Calls of this server that a channel of it may listen to, the oldest first: ids of sessions are in the order of their start. */
  audible(): SessionView[] {
    return this.views().filter(({ openToMonitors }) => openToMonitors === true);
  }

  /** Is the channel set up to listen? */
  isMonitor(channelId: string): boolean {
    return this.settingsOf(channelId).mode === 'monitor';
  }

  announce(channelId: string): void {
    const channel = this.store.channel(channelId);
    if (!channel) return;
    const { configured } = channel;
    this.emit('channel.state', { guildId: this.id, channelId, configured, state: stateOf(channel) });
    refreshPanel(this, channelId);
  }

  use(channelId: string, use: 'idle' | 'waiting' | 'session', of: Parameters<GuildStore['setUse']>[2]): void {
    this.store.setUse(channelId, use, of);
    this.announce(channelId);
  }

  /** Queues a channel with a new ticket; `at`: its place, when it had one already. */
  enqueue(channelId: string, at = Date.now()): string {
    const ticket = this.#ticket(ulid(), channelId, at);
    this.settings.putTicket(ticket);
    this.use(channelId, 'waiting', { ticketId: ticket.ticketId, since: at });
    this.offer(ticket);
    return ticket.ticketId;
  }

  /** Owes a ticket to its pool; offered again it changes nothing. */
  offer(ticket: GuildTicket): void {
    this.owe(`matchmaker:${ticket.pool}`, { kind: 'enqueue', ticket });
  }

  withdraw(channelId: string, ticketId: string): void {
    const pool = this.settings.ticket(channelId)?.pool;
    this.use(channelId, 'idle', {});
    if (pool !== undefined) this.owe(`matchmaker:${pool}`, { kind: 'withdraw', pool, ticketId });
  }

  /** A waiting channel whose settings changed: a new ticket takes the place of the old one, within the same pool. */
  refreshTicket(channelId: string): void {
    const channel = this.store.channel(channelId);
    const known = this.settings.ticket(channelId);
    if (channel?.use !== 'waiting' || !known || known.ticketId !== channel.ticketId) return;
    if (this.isMonitor(channelId)) return; // It takes its ticket back.
    const wanted = this.#ticket(known.ticketId, channelId, known.at);
    if (sameWishes(known, wanted)) return;
    this.owe(`matchmaker:${known.pool}`, { kind: 'withdraw', pool: known.pool, ticketId: known.ticketId });
    this.enqueue(channelId, wanted.pool === known.pool ? known.at : Date.now());
  }

  /** Counts a call that did not start, or (`false`) closes the circuit breaker again. */
  noteStart(failure: boolean): void {
    const now = Date.now();
    const before = this.breaker;
    const state = failure ? failed(before, now, this.rules().breaker) : closed;
    this.store.setMeta('breaker', JSON.stringify(state));
    if (state.until === before.until) return;
    if (isPaused(state, now)) this.deadlines.set(BREAKER_DEADLINE, state.until);
    else this.deadlines.clear(BREAKER_DEADLINE);
    this.reconsiderAll();
  }

  /** A channel with the facts that decide about it. */
  situation(channel: Channel): ChannelSituation {
    const { channelId } = channel;
    const settings = this.settingsOf(channelId);
    const monitor = settings.mode === 'monitor';
    return {
      ...channel,
      humans: this.store.humans(channelId),
      leastPeople: settings.leastPeople,
      paused: isPaused(this.breaker, Date.now()),
      identityFree: isIdentityFree(this.store, channelId),
      monitor,
      audible: monitor && this.audible().length > 0,
    };
  }

  /** Looks at a channel after people came or left, or its use or settings changed. */
  reconsider(channelId: string): void {
    const found = this.store.channel(channelId);
    if (!found) return;
    const humans = this.store.humans(channelId);
    if (humans === 0 && found.hold !== 'none') this.store.setRest(channelId, 'none', found.restUntil);
    const channel = this.situation(humans === 0 ? { ...found, hold: 'none' } : found);
    // A recording may use the leg besides, or alone.
    for (const sessionId of sessionsIn(this.store, channelId)) {
      this.owe(`session:${sessionId}`, { kind: 'occupancy', channelId, humans });
    }
    considerRecording(this, found, humans);
    if (channel.use === 'session') return;
    const now = Date.now();
    const step = decide(channel, now);
    if (step === 'enqueue') this.enqueue(channelId);
    // The wish is stored with what caused it; the session is asked afterwards.
    if (step === 'listen') this.owe(`monitor:${channelId}`, { kind: 'listen', channelId });
    if (step !== 'withdraw') return;
    // Without the rest, two channels that need the only identity would take turns as fast as they can.
    if (!channel.identityFree && !channel.monitor) this.rest(channelId, now + this.rules().faultMs);
    this.withdraw(channelId, found.ticketId ?? '');
    if (channel.monitor) this.reconsider(channelId);
  }

  reconsiderAll(): void {
    for (const { channelId, use } of this.store.channels()) if (use !== 'session') this.reconsider(channelId);
  }

  /** The channel rests until an instant, and is looked at again then. */
  rest(channelId: string, until: number): void {
    this.store.setRest(channelId, 'none', until);
    this.deadlines.set(`rest:${channelId}`, until);
  }

  /** The server that a channel talked with last, or was about to when its people asked for another. */
  lastPartner(channelId: string): string | undefined {
    const last = this.calls.recent().find((call) => call.channelId === channelId && (call.connected || call.intent));
    return last?.partners[0]?.guildId;
  }

  #ticket(ticketId: string, channelId: string, at: number): GuildTicket {
    const blocks = this.settings.blocks().map(({ guildId }) => guildId);
    const { ageRestricted } = this.settings.facts(channelId);
    const lastPartner = this.lastPartner(channelId);
    const facts = { ticketId, guildId: this.id, channelId, at, ageRestricted, blocks, lastPartner };
    return ticketOf(facts, this.settingsOf(channelId));
  }
}
