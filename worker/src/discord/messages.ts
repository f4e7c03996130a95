/** Posting messages as the main identity, and what the answers to it mean. */
import type { Settings } from '../env.ts';
import { callDiscord, type DiscordAnswer } from './rest.ts';

/**
 * Posts a message in the first of these channels that takes it; nobody is notified by it. A post whose answer got lost is repeated with
 * the same nonce, which makes Discord give the same message back. Answers with the channel that was asked last; `undefined`: there is none.
 */
export async function postInFirst(
  settings: Settings,
  channelIds: readonly string[],
  message: { content: string; components?: readonly object[]; nonce: string },
): Promise<{ answer: DiscordAnswer; channelId: string } | undefined> {
  let last: { answer: DiscordAnswer; channelId: string } | undefined;
  for (const channelId of channelIds) {
    const body = { ...message, enforce_nonce: true, allowed_mentions: { parse: [] } };
    const answer = await callDiscord(settings, { method: 'POST', path: `/channels/${channelId}/messages`, body });
    last = { answer, channelId };
    if (answer.kind !== 'refused') return last;
  }
  return last;
}

/** Why nothing can be written there, as a code that the texts know. */
export function postProblem({ status, code }: { status: number; code: number }): string {
  if (status === 401) return 'no_token';
  if (code === 10003) return 'no_channel';
  if (code === 50001) return 'missing_access';
  if (code === 50013) return 'missing_permissions';
  return `discord_${status}_${code}`;
}

/** The id of a message, or of a thread, that Discord answered with. */
export function idOf(body: unknown): string | undefined {
  const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : undefined;
  return typeof id === 'string' ? id : undefined;
}
