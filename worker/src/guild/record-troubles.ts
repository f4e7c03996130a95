/** Why a channel is not recorded, said in its chat. Inside a transaction. */
import type { EndReason } from '@patchbay/shared/end-reason';
import { ulid } from 'ulid';
import type { GuildBook } from './book.ts';
import { isTrouble } from './record-policy.ts';
import type { ChannelRecording } from './record-store.ts';

/** One sentence in a text channel; `channelIds`: where it can be said, the first that takes it. */
export interface Say {
  kind: 'say';
  channelIds: string[];
  /** Repeated, a message with the same one is not posted twice. */
  nonce: string;
  about: { channelId: string; code: RecordTrouble; language: 'en' | 'it' };
}

/** What has a sentence of its own; everything else is `error`. */
export const recordTroubles = [
  'notice_refused',
  'storage_off',
  'no_identity',
  'node_lost',
  'recording_write_failed',
  'error',
] as const;
export type RecordTrouble = (typeof recordTroubles)[number];

const troubleOf = (...codes: (string | null)[]): RecordTrouble =>
  recordTroubles.find((known) => codes.includes(known)) ?? 'error';

/** Owes a sentence to the people of the channel; of a trouble that a rule meets again and again only the first is told. */
export function sayTrouble(
  book: GuildBook,
  { channelId, by }: ChannelRecording,
  reason: EndReason,
  code: string | null,
): void {
  const trouble = troubleOf(code, reason);
  if (!isTrouble(reason) || (by === null && book.records.watch(channelId).told === trouble)) return;
  book.records.patchWatch(channelId, { told: trouble });
  const { panel, language } = book.settingsOf(channelId);
  const about = { channelId, code: trouble, language: language === 'it' ? 'it' : 'en' } as const;
  const channelIds = [channelId, ...(panel === null ? [] : [panel])];
  book.owe(`say:${channelId}`, { kind: 'say', channelIds, nonce: ulid().slice(0, 25), about });
}
