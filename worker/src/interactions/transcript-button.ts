/** The button below the message of a transcript: links for whoever may read it, each written down. */

import { openDb } from '../db/db.ts';
import { auditTranscript } from '../db/transcripts.ts';
import { type Env, guildOf, settingsOf } from '../env.ts';
import { LINK_SECONDS } from '../report/record.ts';
import { bucketOf } from '../storage/bucket.ts';
import type { PressAnswer } from './panel-buttons.ts';
import type { PressInteraction } from './schema.ts';
import { languageOf, type TextKey, text } from './texts/texts.ts';
import { refusal } from './words.ts';

export async function pressTranscript(
  env: Env,
  interaction: PressInteraction,
  sessionId: string,
): Promise<PressAnswer> {
  const { guild_id: guildId = '', member, locale, guild_locale: guildLocale } = interaction;
  const say = (key: TextKey, values?: Record<string, string | number>) =>
    text(languageOf(locale, guildLocale), key, values);
  const userId = member?.user.id ?? '';
  const settings = settingsOf(env);
  const bucket = bucketOf(settings);
  if (!bucket) return { content: refusal(say('transcript.no_bucket'), 'no_bucket') };
  const answer = await guildOf(env, guildId).transcript(sessionId, userId);
  if (!answer.ok) return { content: refusal(say(`transcript.${answer.code}`), answer.code) };
  const { objects } = answer.transcript;
  // Written down before anybody has them.
  const keys = objects.map(({ key }) => key);
  await auditTranscript(openDb(env, settings), { sessionId, guildId, actorId: userId, keys, at: Date.now() });
  const links = objects.map(async ({ key, format }) => ({
    label: format.toUpperCase(),
    url: await bucket.presign(key, LINK_SECONDS),
  }));
  return { content: say('transcript.ready', { minutes: LINK_SECONDS / 60 }), links: await Promise.all(links) };
}
