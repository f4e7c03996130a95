/** Captions as lines to show: partials are replaced in place, finals close them, all in the order in which they were spoken. */
import type { Caption, VoiceEvents } from './protocol.ts';

export interface CaptionLine {
  /** Stays the same from the first partial to the final. */
  key: string;
  userId: string;
  text: string;
  final: boolean;
  /** When it was last said anew, ms since the epoch. */
  at: number;
  sessionId?: string | undefined;
  channelId?: string | undefined;
  /** ms from the session's beginning. */
  startMs?: number | undefined;
  /** How the hub names the speaker; people of the other side have no id, and perhaps no name. */
  name?: string | undefined;
  guildName?: string | undefined;
}

type Lines = readonly CaptionLine[];

/** Behind everything of its session that was spoken before it. */
function placed(lines: Lines, line: CaptionLine): Lines {
  const { startMs = Number.POSITIVE_INFINITY, sessionId } = line;
  let index = lines.length;
  for (; index > 0; index -= 1) {
    const before = lines[index - 1];
    if (before?.sessionId !== sessionId || (before?.startMs ?? 0) <= startMs) break;
  }
  return lines.toSpliced(index, 0, line);
}

/** A partial replaces the one of the same utterance (or speaker, where utterances have no ids); a final closes it. */
export function nextCaptions(
  lines: Lines,
  { payload, id, at, final }: { payload: Caption; id: string; at: number; final: boolean },
  limit: number,
): Lines {
  const { captionId } = payload;
  const { userId, text, sessionId, channelId, startMs, name, guildName } = payload;
  const index = lines.findLastIndex((line) =>
    captionId === undefined ? line.userId === userId && !line.final : line.key === captionId,
  );
  const open = lines[index];
  // A partial that comes after its final is late, and a final may come twice.
  if (open?.final) return lines;
  const key = captionId ?? open?.key ?? id;
  const line = { key, userId, text, final, at, sessionId, channelId, startMs, name, guildName };
  if (open?.startMs === startMs && open) return lines.with(index, line);
  return placed(open ? lines.toSpliced(index, 1) : lines, line).slice(-limit);
}

/** The captions of a server, or of one session: feed it the hub's events, show its `lines`. */
export class CaptionList {
  /** Oldest first; replaced, never changed. */
  lines: Lines = [];
  readonly #sessionId: string | undefined;
  readonly #limit: number;

  /** The last `limit` lines are kept (50). */
  constructor({ sessionId, limit = 50 }: { sessionId?: string | undefined; limit?: number | undefined } = {}) {
    this.#sessionId = sessionId;
    this.#limit = limit;
  }

  /** A `caption.partial` or (`final`) a `caption.final`. */
  take(said: { payload: Caption; id: string; at: number }, final: boolean): void {
    if (this.#sessionId !== undefined && said.payload.sessionId !== this.#sessionId) return;
    this.lines = nextCaptions(this.lines, { ...said, final }, this.#limit);
  }

  /** A `presence.snapshot`: brings what was said lately, and what may not be seen any more goes. */
  restart({ captions, channels }: Pick<VoiceEvents['presence.snapshot'], 'captions' | 'channels'>, at: number): void {
    const seen = new Set(channels.map(({ channelId }) => channelId));
    this.lines = this.lines.filter(({ final, channelId }) => final && (!channelId || seen.has(channelId)));
    for (const payload of captions?.finals ?? []) this.take({ payload, id: '', at }, true);
  }
}
