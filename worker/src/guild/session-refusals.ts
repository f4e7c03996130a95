import type { Refusal } from '../session/changes.ts';
import type { GuildBook } from './book.ts';
import { holders, identityCount } from './leases.ts';
import { type Reply, refuse, refuseAs } from './replies.ts';

/** What a session refused, as the reply to the person who asked for it; `channelId` is the channel that should have joined. */
export function refused(book: GuildBook, { code, values }: Refusal, channelId: string): Reply {
  if (code !== 'no_identity') return refuseAs(code, { channel: channelId, ...values });
  if (identityCount(book.store) === 0) return refuse('no_identity_here');
  return { ...refuse('no_identity', { channel: channelId }), holders: holders(book.store) };
}
