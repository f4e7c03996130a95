import type { GuildStore } from './store.ts';

/** So many requests to get back into voice has one person within the time. */
const MAX_REQUESTS = 5;
const WINDOW_MS = 10_000;

/** What the guild knows of a person who wants to get back into a channel. */
export type RejoinFacts = { retryAfterMs: number } | { channelId: string | null; others: number };

/** Counts requests by person. In memory alone: an object that slept has had none. Pure. */
export class RejoinLimit {
  readonly #times = new Map<string, number[]>();

  /** 0: go on; else how long to wait, in milliseconds. */
  take(userId: string, now: number): number {
    for (const [other, times] of this.#times) if ((times.at(-1) ?? 0) <= now - WINDOW_MS) this.#times.delete(other);
    const recent = (this.#times.get(userId) ?? []).filter((at) => at > now - WINDOW_MS);
    const [oldest = now] = recent;
    if (recent.length >= MAX_REQUESTS) return oldest + WINDOW_MS - now;
    this.#times.set(userId, [...recent, now]);
    return 0;
  }
}

/** Where the person is, and how many others are in the channel. */
export function rejoinFacts(store: GuildStore, userId: string, channelId: string): RejoinFacts {
  const others = store.members().filter((member) => member.channelId === channelId && member.userId !== userId);
  return { channelId: store.member(userId)?.channelId ?? null, others: others.length };
}
