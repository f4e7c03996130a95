import type { HubEventName, HubEvents, SessionView } from '@patchbay/shared/hub-protocol';
import { ulid } from 'ulid';
import type { Deadlines } from '../alarms/deadlines.ts';
import type { AnyHubEvent } from '../hub/visibility.ts';
import { AccessStore } from './access-store.ts';
import { type BreakerRule, type BreakerState, closed, failed, isPaused } from './breaker.ts';
import { CallLog } from './calls.ts';
import { type ChannelSituation, decide } from './channel-policy.ts';
import type { GuildEffect } from './effects.ts';
import { HistoryStore } from './history-store.ts';
import { isIdentityFree } from './leases.ts';
import { refreshPanel } from './panels.ts';
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
  readonly access: AccessStore;
  readonly history: HistoryStore;
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
    this.access = new AccessStore(store);
    this.history = new HistoryStore(store.sql);
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
    return {
      ...channel,
      humans: this.store.humans(channelId),
      leastPeople: this.settingsOf(channelId).leastPeople,
      paused: isPaused(this.breaker, Date.now()),
      identityFree: isIdentityFree(this.store, channelId),
    };
  }

  /** Looks at a channel after people came or left, or its use or settings changed. */
  reconsider(channelId: string): void {
    const found = this.store.channel(channelId);
    if (!found) return;
    const humans = this.store.humans(channelId);
    if (humans === 0 && found.hold !== 'none') this.store.setRest(channelId, 'none', found.restUntil);
    const channel = this.situation(humans === 0 ? { ...found, hold: 'none' } : found);
    if (channel.use === 'session') {
      this.owe(`session:${found.sessionId}`, { kind: 'occupancy', channelId, humans });
      return;
    }
    const now = Date.now();
    const step = decide(channel, now);
    if (step === 'enqueue') this.enqueue(channelId);
    if (step !== 'withdraw') return;
    // Without the rest, two channels that need the only identity would take turns as fast as they can.
    if (!channel.identityFree) this.rest(channelId, now + this.rules().faultMs);
    this.withdraw(channelId, found.ticketId ?? '');
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
