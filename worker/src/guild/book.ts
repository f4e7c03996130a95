import type { HubEventName, HubEvents, SessionView } from '@patchbay/shared/hub-protocol';
import { ulid } from 'ulid';
import type { Deadlines } from '../alarms/deadlines.ts';
import type { AnyHubEvent } from '../hub/visibility.ts';
import { decide } from './channel-policy.ts';
import type { GuildEffect } from './effects.ts';
import { type GuildStore, stateOf } from './store.ts';

/**
 * The changes that the parts of a guild share: what a channel is used for, and the numbered events that tell of it.
 * Everything here is stored or owed, never sent: call it inside a transaction.
 */
export class GuildBook {
  readonly store: GuildStore;
  readonly deadlines: Deadlines;
  /** Owes an effect; it is delivered after the transaction. */
  readonly owe: (lane: string, effect: GuildEffect) => void;

  constructor(store: GuildStore, deadlines: Deadlines, owe: (lane: string, effect: GuildEffect) => void) {
    this.store = store;
    this.deadlines = deadlines;
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

  emit<N extends HubEventName>(name: N, payload: HubEvents[N]): void {
    const seq = Number(this.store.meta('seq') ?? 0) + 1;
    this.store.setMeta('seq', String(seq));
    const event = { v: 1, type: 'event', event: name, id: ulid(), seq, at: Date.now(), payload } as AnyHubEvent;
    this.owe('hub', { kind: 'hub', event });
  }

  announce(channelId: string): void {
    const channel = this.store.channel(channelId);
    if (!channel) return;
    const { configured } = channel;
    this.emit('channel.state', { guildId: this.id, channelId, configured, state: stateOf(channel) });
  }

  use(channelId: string, use: 'idle' | 'waiting' | 'session', of: Parameters<GuildStore['setUse']>[2]): void {
    this.store.setUse(channelId, use, of);
    this.announce(channelId);
  }

  enqueue(channelId: string): string {
    const now = Date.now();
    const ticketId = ulid(now);
    this.use(channelId, 'waiting', { ticketId, since: now });
    const ticket = { ticketId, guildId: this.id, channelId, at: now };
    this.owe('matchmaker', { kind: 'enqueue', ticket });
    return ticketId;
  }

  withdraw(channelId: string, ticketId: string): void {
    this.use(channelId, 'idle', {});
    this.owe('matchmaker', { kind: 'withdraw', ticketId });
  }

  /** Looks at a channel after people came or left, or its use or settings changed. */
  reconsider(channelId: string): void {
    const found = this.store.channel(channelId);
    if (!found) return;
    const humans = this.store.humans(channelId);
    if (humans === 0 && found.held) this.store.setRest(channelId, false, found.restUntil);
    const channel = { ...found, humans, held: found.held && humans > 0 };
    if (channel.use === 'session') {
      this.owe(`session:${channel.sessionId}`, { kind: 'occupancy', channelId, humans });
      return;
    }
    const step = decide(channel, Date.now());
    if (step === 'enqueue') this.enqueue(channelId);
    if (step === 'withdraw') this.withdraw(channelId, channel.ticketId ?? '');
  }
}
