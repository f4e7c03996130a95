/** What a session is told of a channel's captions, and that running sessions learn of a change at once. In a transaction. */
import type { LegSpec } from '@patchbay/shared/session-spec';
import type { GuildBook } from '../book.ts';
import { legsInUse } from '../leases.ts';
import type { Captioned } from './store.ts';

/** How one side of a session is captioned. */
export interface SideCaptions {
  /** Counts the changes: an older answer that arrives late is dropped. */
  version: number;
  /** Its server wants it captioned. */
  on: boolean;
  /** Another server may have it captioned. */
  partners: boolean;
  language: string;
  keyterms: string[];
  prerecorded: 'gaps' | 'all';
  /** Of people who chose one for themselves, by user id. */
  languages: Record<string, string>;
}

/** Where nothing is set at all. */
const LANGUAGE = 'en';
const versionOf = (book: GuildBook) => Number(book.store.meta('captions.version') ?? 0);

function sideOf(book: GuildBook, channelId: string, sessionId: string): SideCaptions {
  const { language, keyterms, prerecorded, partners } = book.captions.settings();
  return {
    version: versionOf(book),
    on: book.captions.of(channelId, sessionId)?.on ?? false,
    partners,
    language: language ?? book.settingsOf(channelId).language ?? LANGUAGE,
    keyterms,
    prerecorded,
    languages: book.captions.languages(),
  };
}

/** What a session that leases a leg is told. By setting its captions begin with it, where no other session has the channel captioned. */
export function lendCaptions(
  book: GuildBook,
  { channelId, sessionId, role }: { channelId: string; sessionId: string; role: LegSpec['role'] },
): SideCaptions {
  const { captions } = book;
  const listens = role === 'monitor';
  if (captions.settings().auto && !listens && !captions.of(channelId, sessionId) && !captions.running(channelId)) {
    begin(book, { channelId, sessionId, alone: false });
  }
  return sideOf(book, channelId, sessionId);
}

/** Notes that a channel is captioned from now on. */
export function begin(book: GuildBook, of: Pick<Captioned, 'channelId' | 'sessionId' | 'alone'>): void {
  const known = book.captions.of(of.channelId, of.sessionId);
  book.captions.put({ noticed: false, state: null, ...known, ...of, on: true });
}

/** Makes a change of settings or of what is captioned, and tells the running sessions that it concerns. */
export function withSides<T>(book: GuildBook, change: () => T): T {
  const told = (channelId: string, sessionId: string) => {
    const { version: _version, ...side } = sideOf(book, channelId, sessionId);
    return JSON.stringify(side);
  };
  const running = legsInUse(book.store);
  const before = running.map(({ channelId, sessionId }) => told(channelId, sessionId));
  const result = change();
  const now = running.filter(({ channelId, sessionId }, index) => told(channelId, sessionId) !== before[index]);
  if (now.length === 0) return result;
  book.store.setMeta('captions.version', String(versionOf(book) + 1));
  for (const { channelId, sessionId } of now) {
    book.owe(`session:${sessionId}`, { kind: 'captions', channelId, captions: sideOf(book, channelId, sessionId) });
  }
  return result;
}
