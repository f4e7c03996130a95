import type { AfterEnd } from '@patchbay/shared/end-reason';
import { type Env, matchmakerOf } from '../env.ts';
import type { GuildBook } from './book.ts';
import { type GuildEffect, POOL } from './effects.ts';
import { identityRefusal } from './identity-pool.ts';

/** What a person's request came to; `message` is for them. */
export interface Reply {
  ok: boolean;
  code: string;
  message: string;
}

/** `/call join`: queues the channel that the user is in; answers the ticket that waits. */
export function joinQueue(book: GuildBook, userId: string): Reply | { ticketId: string } {
  const channel = book.channelOf(userId);
  if (!channel) {
    return { ok: false, code: 'not_in_voice', message: 'Join a voice channel first, then use /call join again.' };
  }
  if (channel.use === 'session') {
    return {
      ok: false,
      code: 'channel_busy',
      message: 'This channel is in a call. Use /call stop to end it first.',
    };
  }
  if (channel.use === 'waiting') return { ticketId: channel.ticketId ?? '' };
  const refusal = identityRefusal(book, channel.channelId);
  if (refusal) return { ok: false, code: 'no_identity', message: refusal };
  book.store.setRest(channel.channelId, false, 0);
  return { ticketId: book.enqueue(channel.channelId) };
}

/** `/call stop`: ends the call of a channel or takes its ticket back. */
export function stop(book: GuildBook, userId: string, channelId: string | undefined, mayManage: boolean): Reply {
  const own = book.channelOf(userId);
  const channel = channelId === undefined ? own : book.store.channel(channelId);
  if (!channel) {
    const message = 'Join the voice channel of the call first, or name the channel with the option "channel".';
    return { ok: false, code: 'not_in_voice', message };
  }
  if (own?.channelId !== channel.channelId && !mayManage) {
    const message = 'Only people in that channel may stop its call, or those with the permission Manage Channels.';
    return { ok: false, code: 'no_permission', message };
  }
  if (channel.use === 'idle') {
    return {
      ok: false,
      code: 'nothing_to_stop',
      message: 'Nothing to stop: this channel is neither waiting nor in a call.',
    };
  }
  if (channel.use === 'session') {
    const effect: GuildEffect = { kind: 'stop', reason: 'command', channelId: channel.channelId };
    book.owe(`session:${channel.sessionId}`, effect);
    return { ok: true, code: 'stopping', message: 'The call is ending.' };
  }
  book.withdraw(channel.channelId, channel.ticketId ?? '');
  book.store.setRest(channel.channelId, true, 0);
  return { ok: true, code: 'withdrawn', message: 'Your channel has left the queue.' };
}

/** `/call status`. */
export async function status(book: GuildBook, env: Env, userId: string, channelId?: string): Promise<Reply> {
  const channel = channelId === undefined ? book.channelOf(userId) : book.store.channel(channelId);
  if (!channel) {
    const message = 'Join a voice channel first, or name one with the option "channel".';
    return { ok: false, code: 'not_in_voice', message };
  }
  if (channel.use === 'waiting') {
    const place = await matchmakerOf(env, POOL).place(channel.ticketId ?? '');
    const where = place === null ? 'A partner was found; connecting.' : `Place in the queue: ${place}.`;
    const refusal = book.store.meta(`refusal:${channel.channelId}`);
    const why = refusal === undefined ? '' : ` It could not start: ${refusal}`;
    return { ok: true, code: 'waiting', message: `${channel.name} is waiting for another server. ${where}${why}` };
  }
  const view = book.views().find((each) => each.sessionId === channel.sessionId);
  if (channel.use === 'session') {
    const others = view?.legs.filter((leg) => !leg.own).map((leg) => leg.guildName) ?? [];
    const partner = others.length > 0 ? ` with ${others.join(', ')}` : '';
    return {
      ok: true,
      code: 'session',
      message: `${channel.name} is in a call${partner}: ${view?.state ?? 'requested'}.`,
    };
  }
  return { ok: true, code: 'idle', message: `${channel.name} is idle. Use /call join to find another server.` };
}

/** `/setup`: a channel that is queued when people join. */
export function configure(
  book: GuildBook,
  channelId: string,
  name: string,
  settings: { record: boolean; after: AfterEnd },
): Reply {
  if (!book.store.channel(channelId)) book.store.putChannel(channelId, name);
  book.store.configure(channelId, settings);
  book.announce(channelId);
  book.reconsider(channelId);
  const recording = settings.record ? 'Calls are recorded.' : 'Nothing is recorded.';
  return {
    ok: true,
    code: 'configured',
    message: `${name} is queued when people join. ${recording} After a call: ${settings.after}.`,
  };
}
