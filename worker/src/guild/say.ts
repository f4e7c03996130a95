/** Says a sentence in a text channel of Discord, as the main identity. */
import { postInFirst } from '../discord/messages.ts';
import { type Env, settingsOf } from '../env.ts';
import { text } from '../interactions/texts/texts.ts';
import type { Say } from './record-troubles.ts';

/**
 * Posts where it may, in the first channel that takes it. Nowhere: it stands in the log.
 *
 * @throws {Error} when Discord wants to be asked again later; the caller's outbox does, and the nonce keeps the sentence single
 */
export async function say(env: Env, { channelIds, nonce, about }: Say): Promise<void> {
  const { channelId: channel, code, language } = about;
  const content = text(language, `record.trouble.${code}`, { channel });
  const posted = await postInFirst(settingsOf(env), channelIds, { content, nonce });
  if (posted?.answer.kind === 'later') {
    throw new Error(`Discord takes the sentence for channel ${posted.channelId} later.`);
  }
  if (posted?.answer.kind !== 'ok') {
    console.warn(`guild: nobody could be told in channel ${channel} why it is not recorded: ${code}`);
  }
}
