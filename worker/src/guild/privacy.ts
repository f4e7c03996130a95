/** What a server lets sessions do with what its people say, and that running sessions learn of a change at once. */
import type { GuildBook } from './book.ts';
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
}

/** Everybody who has opted out here. Empty until there is a command for it: whoever fills it calls {@link privacyChanged}. */
export function optedOut(_book: GuildBook): string[] {
  return [];
}

const rulesOf = (book: GuildBook) => ({
  sealable: book.rules().sealing && (book.settings.stored(DEFAULTS).sealReports ?? true),
  optedOut: optedOut(book),
});

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
  const running = new Set(book.store.channels().flatMap(({ sessionId }) => sessionId ?? []));
  for (const sessionId of running) book.owe(`session:${sessionId}`, { kind: 'privacy', privacy });
}
