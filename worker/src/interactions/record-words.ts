/** The recording of a channel in words. Pure. */
import type { RecordStatus } from '../guild/record-status.ts';
import { type Language, type TextKey, text } from './texts/texts.ts';

const inSeconds = (ms: number) => Math.floor(ms / 1000);

/** What is recorded, since when, by whom, until when, and how people were told: one sentence each. */
export function recordWords(language: Language, { channelId, recording, held }: RecordStatus): string[] {
  const say = (key: TextKey, values: Record<string, string | number> = {}) =>
    text(language, key, { channel: channelId, ...values });
  const rest = held ? [say('record.status.held')] : [];
  if (!recording) return [say('record.status.none'), ...rest];
  const { lone, by, trigger, started, notices, stopping, endsAt } = recording;
  if (stopping) return [say('record.status.stopping'), ...rest];
  const shown = notices.map((kind) => say(`notice.${kind}`));
  return [
    started === null ? say('record.status.starting') : say('record.status.on', { since: inSeconds(started) }),
    ...(lone ? [] : [say('record.status.call')]),
    by !== null
      ? say('record.status.by', { user: by })
      : say(trigger === null ? 'record.status.setting' : `record.status.rule.${trigger}`),
    ...(endsAt === null ? [] : [say('record.status.ends', { ends: inSeconds(endsAt) })]),
    ...(shown.length > 0
      ? [
          say('record.status.notices', {
            notices: new Intl.ListFormat(language, { type: 'conjunction' }).format(shown),
          }),
        ]
      : []),
  ];
}
