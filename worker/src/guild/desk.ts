/** `/desk`: what the staff of a support call may do with it. Refusals have a code and a sentence. */
import { type Env, sessionOf } from '../env.ts';
import type { ChangeAnswer } from '../session/changes.ts';
import type { SessionLeg } from '../session/record.ts';
import type { GuildBook } from './book.ts';
import type { Reply } from './commands.ts';

export type DeskAction = 'hold' | 'resume' | 'transfer' | 'invite';

const refuse = (code: string, message: string): Reply => ({ ok: false, code, message });

const isStaff = (leg: SessionLeg, guildId: string, channelId: string): boolean =>
  leg.role === 'staff' && leg.guildId === guildId && leg.channelId === channelId;

/** Does it to the call of the channel that the user is in, which must be the desk's side of it. */
export async function desk(
  book: GuildBook,
  env: Env,
  request: { userId: string; action: DeskAction; channelId: string | undefined },
): Promise<Reply> {
  const { action, channelId } = request;
  const own = book.channelOf(request.userId);
  if (own?.use !== 'session' || !own.sessionId) {
    return refuse('not_in_call', 'Join the voice channel of the support call first.');
  }
  const session = sessionOf(env, own.sessionId);
  const record = await session.record();
  const mine = record?.legs.find((leg) => isStaff(leg, book.id, own.channelId));
  if (!record || !mine?.reservation) {
    return refuse('not_the_desk', 'Only the staff side of a support call can do that.');
  }
  if (action === 'hold' || action === 'resume') {
    const callers = record.legs.filter(({ role }) => role === 'party');
    for (const { reservation } of callers) {
      if (!reservation) continue;
      const answer: ChangeAnswer = await session.hold(reservation.legId, action === 'hold');
      if (!answer.ok) return answer;
    }
    const message = action === 'hold' ? 'The caller is on hold.' : 'The caller is back in the call.';
    return { ok: true, code: action, message };
  }
  const target = channelId === undefined ? undefined : book.store.channel(channelId);
  if (!target) return refuse('channel_missing', 'Name the voice channel with the option "channel".');
  const leg = { guildId: book.id, channelId: target.channelId, role: 'staff' as const };
  const answer: ChangeAnswer =
    action === 'transfer' ? await session.transfer(mine.reservation.legId, leg) : await session.attach(leg);
  if (!answer.ok) return answer;
  const message =
    action === 'transfer'
      ? `The call goes over to ${target.name}; your channel leaves once it is connected.`
      : `${target.name} joins the call.`;
  return { ok: true, code: action, message };
}
