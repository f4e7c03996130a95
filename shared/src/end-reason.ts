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
