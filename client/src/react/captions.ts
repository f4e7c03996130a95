/** Captions as lines to show. Pure: each event makes a new list. */
import type { Caption } from '../protocol.ts';

export interface CaptionLine {
  /** Stays the same from the first partial to the final. */
  key: string;
  userId: string;
  text: string;
  final: boolean;
  /** When it was last said anew, ms since the epoch. */
  at: number;
}

/** A partial replaces the one of the same utterance (or speaker, where utterances have no ids); a final closes it. */
export function nextCaptions(
  lines: readonly CaptionLine[],
  { payload, id, at, final }: { payload: Caption; id: string; at: number; final: boolean },
  limit: number,
): readonly CaptionLine[] {
  const { userId, captionId, text } = payload;
  const index = lines.findLastIndex((line) =>
    captionId === undefined ? line.userId === userId && !line.final : line.key === captionId,
  );
  const open = lines[index];
  // A partial that comes after its final is late.
  if (open?.final && !final) return lines;
  const line = { key: captionId ?? open?.key ?? id, userId, text, final, at };
  return (open ? lines.with(index, line) : [...lines, line]).slice(-limit);
}
