import { isTextKey, type Language, type TextKey, text } from '../interactions/texts/texts.ts';
import { refusal } from '../interactions/words.ts';
import { DAY_MS, type ReportRecord } from './record.ts';

/** What the reporter reads when the sealing came out. */
export function outcomeWords(language: Language, { call, sealing, expiresAt }: ReportRecord): string {
  const about = { report: call.reportId };
  if (sealing.state === 'sealed') {
    const voices = sealing.objects.filter(({ userId }) => userId !== undefined).length;
    const days = Math.max(1, Math.round((expiresAt - call.at) / DAY_MS));
    return text(language, 'report.sealed', { ...about, voices, days });
  }
  if (sealing.state !== 'failed') return text(language, 'answer.reported', about);
  const kept = text(language, 'report.not_sealed', { ...about, why: failureWords(language, sealing.code) });
  return refusal(kept, sealing.code);
}

/** Why ten seconds could not be sealed. */
export function failureWords(language: Language, code: string): string {
  const key = `report.failed.${code}`;
  return text(language, isTextKey(key) ? (key as TextKey) : 'report.failed.seal_failed');
}
