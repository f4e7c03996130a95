import type { GuildPicture } from '../hub/items.ts';
import type { GuildBook } from './book.ts';
import { captionsPicture } from './captions/events.ts';
import { stateOf } from './store.ts';

/** The whole picture of a guild, the sequence that it includes, and who may see what of it. */
export function pictureOf(book: GuildBook, head: Pick<GuildPicture, 'epoch' | 'seq' | 'shards'>): GuildPicture {
  const { store } = book;
  const sessions = book.views();
  return {
    ...head,
    access: book.access.facts(book.id, book.name),
    audiences: Object.fromEntries(sessions.map(({ sessionId }) => [sessionId, store.channelsOfSession(sessionId)])),
    snapshot: {
      guildId: book.id,
      guildName: book.name,
      channels: store.channels().map((channel) => ({
        channelId: channel.channelId,
        name: channel.name,
        configured: channel.configured,
        state: stateOf(channel),
      })),
      members: store
        .members()
        .flatMap(({ asOf: _asOf, nodeId: _nodeId, channelId, ...member }) =>
          channelId === null ? [] : [{ ...member, channelId }],
        ),
      sessions,
      ...captionsPicture(book, Date.now()),
    },
  };
}
