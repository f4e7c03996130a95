import type { Refusal } from '../session/changes.ts';
import type { GuildBook } from './book.ts';
import { noIdentityFree } from './commands.ts';
import { type Reply, refuseAs } from './replies.ts';

/** What a session refused, as the reply to the person who asked for it; `channelId` is the channel that should have joined. */
export function refused(book: GuildBook, { code, values }: Refusal, channelId: string): Reply {
  if (code !== 'no_identity') return refuseAs(code, { channel: channelId, ...values });
  return noIdentityFree(book, channelId);
}
