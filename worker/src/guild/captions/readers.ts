/** Who may have the transcript of a session: whoever was there while it was captioned, and whoever may view the channel. */
import { Access } from '../../access/sight.ts';
import type { GuildBook } from '../book.ts';
import type { ViewerAnswer } from '../viewers.ts';
import type { StoredTranscript } from './store.ts';

export type TranscriptAnswer =
  | { ok: true; transcript: StoredTranscript }
  | { ok: false; code: 'transcript_unknown' | 'transcript_not_yours' | 'discord_unavailable' };

/** `viewer`: the person's roles; asked for only where they decide. */
export async function transcriptFor(
  book: GuildBook,
  sessionId: string,
  userId: string,
  viewer: () => Promise<ViewerAnswer>,
): Promise<TranscriptAnswer> {
  const transcript = book.captions.transcript(sessionId);
  if (!transcript) return { ok: false, code: 'transcript_unknown' };
  const roles = await viewer();
  if (roles.kind === 'unknown') return { ok: false, code: 'discord_unavailable' };
  if (roles.kind === 'stranger') return { ok: false, code: 'transcript_not_yours' };
  const access = new Access(book.access.facts(book.id, book.name));
  const sees = access.of({ userId, scope: 'guild', roles: roles.roles }).channels.has(transcript.channelId);
  return sees || book.captions.wasThere(sessionId, userId)
    ? { ok: true, transcript }
    : { ok: false, code: 'transcript_not_yours' };
}
