import { z } from 'zod';

/** Why a session ended. Shown to people, stored with the session, counted in metrics. */
export const endReasons = [
  'user_left',
  'empty',
  'timeout',
  'command',
  'error',
  'policy',
  'node_lost',
  'bot_moved',
  'bot_removed',
  'channel_deleted',
  'no_identity',
  'notice_refused',
] as const;

export const endReasonSchema = z.enum(endReasons);
export type EndReason = z.infer<typeof endReasonSchema>;

/** What a channel does after a session of it ended. */
export const afterEndSchema = z.enum(['requeue', 'idle', 'cooldown']);
export type AfterEnd = z.infer<typeof afterEndSchema>;

/** Whose side an end came up on, as one side sees it. `null`: on nobody's, such as a time limit. */
export type EndSide = 'own' | 'other' | null;

const sentences: Record<EndReason, (side: EndSide) => string> = {
  user_left: (side) => (side === 'own' ? 'everybody left this side.' : 'everybody left the other side.'),
  empty: () => 'nobody is left in the channel.',
  timeout: () => 'its time limit was reached.',
  command: (side) => (side === 'other' ? 'the other side ended it.' : 'somebody here ended it.'),
  error: (side) =>
    side === 'other' ? 'the other side could not be connected.' : 'the voice connection could not be made or kept.',
  policy: () => 'the operator of the bot ended it.',
  node_lost: () => 'the voice node was lost.',
  bot_moved: (side) => `somebody moved the bot out of ${place(side)}.`,
  bot_removed: (side) => `somebody disconnected the bot from ${place(side)}.`,
  channel_deleted: (side) => `${place(side)} was deleted.`,
  no_identity: (side) =>
    side === 'other'
      ? 'the other side has no free bot account.'
      : 'no bot account of this server is free. Invite another one, or end what it is used for.',
  notice_refused: () =>
    'the notice of the recording could not be shown. Give the bot the permission Change Nickname, or Send Messages in this channel.',
};

function place(side: EndSide): string {
  return side === 'other' ? "the other side's channel" : 'this channel';
}

/**
 * Why a session ended, in words for the people of one side.
 *
 * @example endSentence('bot_moved', 'other') // "The call ended: somebody moved the bot out of the other side's channel."
 */
export function endSentence(
  reason: EndReason,
  side: EndSide,
  what: 'call' | 'recording' | 'captions' = 'call',
): string {
  return `The ${what} ended: ${sentences[reason](side)}`;
}
