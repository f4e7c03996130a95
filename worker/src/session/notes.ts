/** Marks that people set in a recording. Pure. */
import type { SessionRecord } from './record.ts';

/** The longest mark, in characters; the most of one session. */
export const NOTE_LENGTH = 300;
const MAX_NOTES = 200;

export interface SessionNote {
  /** Milliseconds from time zero. */
  at: number;
  /** The server in which it was set: its people see it. */
  guildId: string;
  userId: string;
  /** As it was typed, on one line: whoever shows it escapes it. */
  text: string;
}
export type NoteAnswer = { ok: true; at: number } | { ok: false; code: 'not_recorded' | 'too_many_notes' };

/** The record with one mark more, at `now` (ms since the epoch). */
export function withNote(
  record: SessionRecord,
  { guildId, userId, text }: Omit<SessionNote, 'at'>,
  now: number,
): { answer: NoteAnswer; record: SessionRecord } {
  const running = record.phase.state === 'active' || record.phase.state === 'degraded';
  if (!running || record.timeZero === undefined) return { answer: { ok: false, code: 'not_recorded' }, record };
  const notes = record.notes ?? [];
  if (notes.length >= MAX_NOTES) return { answer: { ok: false, code: 'too_many_notes' }, record };
  const at = Math.max(0, now - record.timeZero);
  const line = text.replace(/\s+/gu, ' ').trim().slice(0, NOTE_LENGTH);
  return { answer: { ok: true, at }, record: { ...record, notes: [...notes, { at, guildId, userId, text: line }] } };
}
