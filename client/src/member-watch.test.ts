import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type MemberWatchOptions, watchMember } from './member-watch.ts';
import { type Incoming, nextPresence } from './presence.ts';
import type { VoiceMember } from './protocol.ts';
import type { View, VoiceEventsClient } from './voice-events-client.ts';

/** A client without a network: what it is fed, it tells. */
class FedClient implements Pick<VoiceEventsClient, 'on' | 'view'> {
  view: View = { state: 'live', presence: undefined, error: undefined };
  readonly #listeners: { name: string; listener: (event: never) => void }[] = [];
  on: VoiceEventsClient['on'] = (name, listener) => {
    const entry = { name, listener };
    this.#listeners.push(entry);
    return () => {
      this.#listeners.splice(this.#listeners.indexOf(entry), 1);
    };
  };
  feed(incoming: Incoming): void {
    this.view = { ...this.view, presence: nextPresence(this.view.presence, incoming) };
    for (const { name, listener } of [...this.#listeners]) {
      if (name === incoming.event) listener({ ...incoming, id: 'x', seq: 1, at: 7 } as never);
    }
  }
  get listeners(): number {
    return this.#listeners.length;
  }
}

const member = (userId: string, channelId = '10'): VoiceMember => ({
  userId,
  channelId,
  displayName: userId,
  bot: false,
  selfMute: false,
  selfDeaf: false,
});
const base = { guildId: '1', guildName: 'G', channels: [], sessions: [] };
const snapshot = (...members: VoiceMember[]): Incoming => ({
  event: 'presence.snapshot',
  payload: { ...base, members },
});
const joined = (userId: string, channelId = '10'): Incoming => ({
  event: 'voice.joined',
  payload: { guildId: '1', member: member(userId, channelId) },
});
const moved = (userId: string, channelId: string): Incoming => ({
  event: 'voice.moved',
  payload: { guildId: '1', previousChannelId: '10', member: member(userId, channelId) },
});
const left = (userId: string, kind = 'unknown', certainty = 0): Incoming => ({
  event: 'voice.left',
  payload: { guildId: '1', channelId: null, previousChannelId: '10', userId, cause: { kind, certainty } },
});

let client: FedClient;
let told: string[];
function follow(options: Partial<MemberWatchOptions> = {}): () => void {
  return watchMember(client, {
    userId: '5',
    onLeft: ({ channelId, movedTo, cause }) => told.push(`left ${channelId} to ${movedTo}: ${cause.kind}`),
    onJoined: ({ channelId }) => told.push(`joined ${channelId}`),
    onCause: ({ cause }) => told.push(`cause ${cause.kind}`),
    ...options,
  });
}
beforeEach(() => {
  vi.useFakeTimers();
  client = new FedClient();
  told = [];
});
afterEach(() => {
  vi.useRealTimers();
});

test('a drop-out and the way back are told once each, how things stood at the start is not', () => {
  const end = follow();
  client.feed(snapshot(member('5')));
  for (const event of [left('6'), left('5'), left('5'), joined('6'), joined('5'), joined('5')]) client.feed(event);
  expect(told).toEqual(['left 10 to null: unknown', 'joined 10']);
  end();
  expect(client.listeners).toBe(0);
});

test('who was not in voice did not drop out, but may come', () => {
  client.feed(snapshot());
  follow();
  client.feed(left('5'));
  client.feed(joined('5'));
  expect(told).toEqual(['joined 10']);
});

test('with a channel that counts, being moved out of it is dropping out, and coming elsewhere is not coming back', () => {
  client.feed(snapshot(member('5')));
  follow({ channelId: '10' });
  for (const event of [moved('5', '11'), left('5'), joined('5', '11'), moved('5', '10')]) client.feed(event);
  expect(told).toEqual(['left 10 to 11: moved', 'joined 10']);
});

test('without one, a move is neither', () => {
  client.feed(snapshot(member('5')));
  follow();
  client.feed(moved('5', '11'));
  client.feed(left('5', 'moderator', 1));
  expect(told).toEqual(['left 11 to null: moderator']);
});

test('a drop-out that mends itself within the grace is never told', () => {
  client.feed(snapshot(member('5')));
  follow({ graceMs: 3_000 });
  client.feed(left('5'));
  vi.advanceTimersByTime(2_999);
  client.feed(joined('5'));
  vi.advanceTimersByTime(60_000);
  expect(told).toEqual([]);
  client.feed(left('5'));
  vi.advanceTimersByTime(2_999);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  client.feed(joined('5'));
  expect(told).toEqual(['left 10 to null: unknown', 'joined 10']);
});

test('each drop-out has a grace of its own', () => {
  client.feed(snapshot(member('5')));
  follow({ graceMs: 3_000 });
  client.feed(left('5'));
  vi.advanceTimersByTime(2_000);
  client.feed(joined('5'));
  client.feed(left('5'));
  vi.advanceTimersByTime(2_999);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(told).toHaveLength(1);
});

test('a cause that is found out within the grace comes with the drop-out, one found out later comes by itself', () => {
  const cause = (kind: string): Incoming => {
    return { event: 'voice.cause', payload: { guildId: '1', userId: '5', cause: { kind, certainty: 1 } } };
  };
  client.feed(snapshot(member('5')));
  follow({ graceMs: 3_000 });
  client.feed(left('5'));
  client.feed(cause('network'));
  vi.advanceTimersByTime(3_000);
  client.feed(cause('moderator'));
  client.feed(joined('5'));
  client.feed(cause('left'));
  expect(told).toEqual(['left 10 to null: network', 'cause moderator', 'joined 10']);
});

test('after the end of following a pending drop-out is not told', () => {
  client.feed(snapshot(member('5')));
  const end = follow({ graceMs: 3_000 });
  client.feed(left('5'));
  end();
  vi.advanceTimersByTime(60_000);
  expect(told).toEqual([]);
});
