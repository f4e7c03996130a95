/** `/record note`: a mark in a running recording, at the session's own time. */
import { type Env, sessionOf } from '../env.ts';
import type { NoteAnswer } from '../session/notes.ts';
import type { GuildBook } from './book.ts';
import { accept, type Reply, refuse } from './replies.ts';

/** Keeps it with the session that records the channel; answers where it stands. */
export async function noteRecording(
  book: GuildBook,
  env: Env,
  { channelId, userId, text }: { channelId: string; userId: string; text: string },
): Promise<Reply> {
  const recording = book.records.of(channelId);
  if (!recording || recording.stopping) return refuse('not_recorded', { channel: channelId });
  const note = { guildId: book.id, userId, text };
  const answer: NoteAnswer = await sessionOf(env, recording.sessionId).addNote(note);
  return answer.ok ? accept('noted', { at: clock(answer.at) }) : refuse(answer.code, { channel: channelId });
}

/** Milliseconds as `1:02:03`. */
function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const pad = (part: number) => String(part).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
}
