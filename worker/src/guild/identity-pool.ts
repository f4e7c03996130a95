/** Which bot accounts of a guild are used for what, in words: a bot can be in one voice channel of a guild at a time. */
import type { GuildBook } from './book.ts';

/** One use of an identity here. */
export interface IdentityUse {
  identityId: string;
  channelId: string;
  channelName: string;
  /** Such as `a call` or `a recording`. */
  purpose: string;
}

const purposes: Record<string, string> = { support: 'a support call', monitor: 'listening', custom: 'a conference' };

/** Who holds the identities of this guild. */
export function identityUses(book: GuildBook): IdentityUse[] {
  const views = book.views();
  return book.store.sql
    .exec<{ identity_id: string; channel_id: string; session_id: string }>(
      'SELECT identity_id, channel_id, min(session_id) AS session_id FROM legs JOIN leg_uses USING(leg_id) GROUP BY leg_id ORDER BY identity_id',
    )
    .toArray()
    .map(({ identity_id: identityId, channel_id: channelId, session_id: sessionId }) => {
      const view = views.find((each) => each.sessionId === sessionId);
      const role = view?.legs.find((leg) => leg.channelId === channelId)?.role;
      const alone = view?.legs.length === 1 ? 'a recording' : 'a call';
      const purpose = purposes[role === 'monitor' ? 'monitor' : (view?.mode ?? '')] ?? alone;
      return { identityId, channelId, channelName: book.store.channel(channelId)?.name ?? channelId, purpose };
    });
}

/** Why no identity is free, and what to do about it. */
export function busyIdentities(book: GuildBook): string {
  const uses = identityUses(book).map(({ channelName, purpose }) => `in ${channelName} for ${purpose}`);
  const where = uses.length > 0 ? `The bot is ${uses.join(', and ')}.` : 'No bot account of this server is connected.';
  return `${where} A bot account can be in one voice channel of a server: end one of these, or invite another account of this bot.`;
}
