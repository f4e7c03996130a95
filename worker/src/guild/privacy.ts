/** What a server lets sessions do with what its people say, and that running sessions learn of a change at once. */
import type { GuildBook } from './book.ts';
import { sessionsWithLegs } from './leases.ts';
import { DEFAULTS } from './settings-store.ts';

/** Key of what the sessions were told last. */
const TOLD = 'privacy.told';

export interface GuildPrivacy {
  /** Counts the changes: an older answer that arrives late is dropped. */
  version: number;
  /** May a report seal the last ten seconds of this side? */
  sealable: boolean;
  /** People whose voices are neither recorded, kept for reports, nor transcribed. */
  optedOut: string[];
  /** When they asked for it, by user id; milliseconds. */
  optedOutAt?: Record<string, number>;
}

function rulesOf(book: GuildBook) {
  const all = book.optOuts.all();
  return {
    sealable: book.rules().sealing && (book.settings.stored(DEFAULTS).sealReports ?? true),
    optedOut: all.map(({ userId }) => userId),
    optedOutAt: Object.fromEntries(all.map(({ userId, at }) => [userId, at])),
  };
}

function privacyOf(book: GuildBook): GuildPrivacy {
  return { version: Number(book.store.meta('privacy.version') ?? 0), ...rulesOf(book) };
}

/** What a session that leases a leg now gets told; changes from now on are told to it, too. */
export function lendPrivacy(book: GuildBook): GuildPrivacy {
  book.store.setMeta(TOLD, JSON.stringify(rulesOf(book)));
  return privacyOf(book);
}

/** Tells the sessions that run here, if anything changed. Call it inside a transaction, after the change. */
export function privacyChanged(book: GuildBook): void {
  const rules = JSON.stringify(rulesOf(book));
  if ((book.store.meta(TOLD) ?? rules) === rules) return;
  book.store.setMeta(TOLD, rules);
  book.store.setMeta('privacy.version', String(privacyOf(book).version + 1));
  const privacy = privacyOf(book);
  // A recording beside a call, or alone, is no use of its channel: it is known by its leg.
  const running = new Set([
    ...book.store.channels().flatMap(({ sessionId }) => sessionId ?? []),
    ...sessionsWithLegs(book.store),
  ]);
  for (const sessionId of running) book.owe(`session:${sessionId}`, { kind: 'privacy', privacy });
}
