/** `/desk`: what the staff of a support call may do with it. */
import { type Env, sessionOf } from '../env.ts';
import type { ChangeAnswer } from '../session/changes.ts';
import type { SessionLeg } from '../session/record.ts';
import type { GuildBook } from './book.ts';
import { accept, type Reply, refuse } from './replies.ts';
import { refused } from './session-refusals.ts';

export type DeskAction = 'hold' | 'resume' | 'transfer' | 'invite';

const isStaff = (leg: SessionLeg, guildId: string, channelId: string): boolean =>
  leg.role === 'staff' && leg.guildId === guildId && leg.channelId === channelId;

/** Does it to the call of the channel that the user is in, which must be the desk's side of it. */
export async function desk(
  book: GuildBook,
  env: Env,
  request: { userId: string; action: DeskAction; channelId: string | undefined },
): Promise<Reply> {
  const { action } = request;
  const own = book.channelOf(request.userId);
  if (own?.use !== 'session' || !own.sessionId) return refuse('not_in_call');
  const session = sessionOf(env, own.sessionId);
  const record = await session.record();
  const mine = record?.legs.find((leg) => isStaff(leg, book.id, own.channelId));
  if (!record || !mine?.reservation) return refuse('not_the_desk');
  if (action === 'hold' || action === 'resume') {
    const callers = record.legs.flatMap((leg) => (leg.role === 'party' && leg.reservation ? [leg.reservation] : []));
    if (callers.length === 0) return refuse('caller_gone');
    for (const { legId } of callers) {
      const answer: ChangeAnswer = await session.hold(legId, action === 'hold');
      if (!answer.ok) return refused(book, answer, own.channelId);
    }
    return accept(action === 'hold' ? 'on_hold' : 'resumed');
  }
  const channelId = request.channelId ?? '';
  const leg = { guildId: book.id, channelId, role: 'staff' as const };
  const answer: ChangeAnswer =
    action === 'transfer' ? await session.transfer(mine.reservation.legId, leg) : await session.attach(leg);
  if (!answer.ok) return refused(book, answer, channelId);
  return accept(action === 'transfer' ? 'transferred' : 'invited', { channel: channelId });
}
