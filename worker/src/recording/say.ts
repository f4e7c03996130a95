/** Lines and reports in the channels of a recording, posted as the main identity. */
import { postInFirst } from '../discord/messages.ts';
import { guildOf } from '../env.ts';
import { isTextKey, type Language, type TextKey, text } from '../interactions/texts/texts.ts';
import type { RecordingEffect } from './effects.ts';
import type { RecordingLife } from './life.ts';

/** The same trouble is told once in so long. Milliseconds. */
export const SAID_AGAIN_MS = 60_000;
/** A line that could not be posted within this is not news any more. Milliseconds. */
const LATE_MS = 120_000;

/** Where something can be said about a channel, best first, and in which language. */
export interface Places {
  channels: string[];
  language: Language;
}

/** Says that something keeps a running recording from being whole. */
export async function sayCoverage(
  life: RecordingLife,
  { guildId, channelId, code, userId, at }: Extract<RecordingEffect, { kind: 'say' }>,
): Promise<void> {
  if (Date.now() - at > LATE_MS) return;
  const { channels, language } = await guildOf(life.env, guildId).places(channelId);
  const content = coverageWords(language, code, userId);
  const nonce = `c${at.toString(36)}${code.slice(0, 4)}${userId.slice(-8)}`.slice(0, 25);
  // Best effort: the page and the report at the end say it, too.
  const posted = await postInFirst(life.settings, channels, { content, nonce });
  if (posted && posted.answer.kind !== 'ok') console.warn('recording: a line could not be posted', posted.answer);
}

export function coverageWords(language: Language, code: string, userId: string): string {
  const key = `recording.coverage.${code}`;
  const known = isTextKey(key) ? (key as TextKey) : 'recording.coverage.no_packets';
  return text(language, known, { user: userId });
}
