/** The text relay as a server sets it up: how its side takes part, and that running calls follow a change at once. */
import type { RelaySide } from '@patchbay/shared/session-spec';
import type { GuildBook } from './book.ts';
import type { ChannelSettings } from './settings.ts';

/** How a channel takes part in the relay; `null`: not at all. */
export function relaySide(settings: Pick<ChannelSettings, 'relay' | 'anonymous' | 'language'>): RelaySide | null {
  const { relay, anonymous, language } = settings;
  return relay ? { anonymous, language: language === 'it' ? 'it' : 'en' } : null;
}

/** Makes a change of settings. Whoever switches the relay off does not have to wait for the end of a call. */
export function withRelay<T>(book: GuildBook, change: () => T): T {
  const sideOf = (channelId: string) => relaySide(book.settingsOf(channelId));
  const before = new Map(
    book.store.channels().flatMap(({ channelId, use, sessionId }) => {
      return use === 'session' ? [[channelId, { sessionId, side: JSON.stringify(sideOf(channelId)) }]] : [];
    }),
  );
  const result = change();
  for (const [channelId, { sessionId, side }] of before) {
    const relay = sideOf(channelId);
    if (JSON.stringify(relay) !== side) book.owe(`session:${sessionId}`, { kind: 'relay', channelId, relay });
  }
  return result;
}
