/** From what was written down while people spoke, and what files were heard to say later, to the parts of a transcript. Pure. */
import type { CaptionWord } from '@patchbay/shared/events';
import type { BookEntry } from './entries.ts';

export interface TranscriptPart {
  guildId: string;
  userId: string;
  language: string;
  /** ms from time zero. */
  startMs: number;
  endMs: number;
  text: string;
  words: CaptionWord[];
  /** Heard live, or afterwards from the recording. */
  source: 'live' | 'prerecorded';
}

/** A stretch of one person of which there are no words. */
export interface MissingPart {
  guildId: string;
  userId: string;
  fromMs: number;
  toMs: number;
}

/** What the transcription of a stretch of the recording gave. */
export interface HeardLater {
  guildId: string;
  userId: string;
  language: string;
  /** Which stretches were listened to, ms from time zero. */
  spans: { fromMs: number; toMs: number }[];
  words: CaptionWord[];
}

export interface Transcript {
  v: 1;
  sessionId: string;
  /** ms since the epoch. */
  timeZero: number;
  people: { guildId: string; userId: string; name: string }[];
  /** In order of time. */
  parts: TranscriptPart[];
  missing: MissingPart[];
}

/** A pause of one person that ends a part of what was heard later. ms */
const PART_PAUSE_MS = 1_200;
/** Words of the longest part. */
const PART_WORDS = 40;

/** People who have opted out by the end are in no transcript at all. */
export function transcriptOf(
  sessionId: string,
  entries: readonly BookEntry[],
  later: readonly HeardLater[],
): Transcript {
  const timeZero = entries.find((entry) => entry.type === 'session')?.timeZero ?? 0;
  const out = new Set(entries.findLast((entry) => entry.type === 'out')?.userIds);
  const finals = new Map(
    entries.flatMap((entry) => (entry.type === 'final' ? [[entry.captionId, entry] as const] : [])),
  );
  const names = new Map<string, string>(
    entries.flatMap((entry) =>
      entry.type === 'name' ? [[`${entry.guildId}/${entry.userId}`, entry.name] as const] : [],
    ),
  );
  const live = [...finals.values()].map(
    ({ guildId, userId, language, startMs, endMs, text, words }): TranscriptPart => ({
      guildId,
      userId,
      language,
      startMs,
      endMs,
      text,
      words,
      source: 'live',
    }),
  );
  // Where the recording was listened to and said nothing, what was heard live stands.
  const useful = later.filter(({ words }) => words.length > 0);
  const kept = live.filter((part) => !useful.some((heard) => covers(heard, part)));
  const parts = [...kept, ...useful.flatMap(partsOf)]
    .filter(({ userId }) => !out.has(userId))
    .sort((left, right) => left.startMs - right.startMs || (left.userId < right.userId ? -1 : 1));
  const missing = entries
    .flatMap((entry) => (entry.type === 'lost' ? [entry] : []))
    .map(({ guildId, userId, fromMs, toMs }): MissingPart => ({ guildId, userId, fromMs, toMs }))
    .filter(({ userId }) => !out.has(userId))
    .filter((gap) => !later.some((heard) => covers(heard, { ...gap, startMs: gap.fromMs, endMs: gap.toMs })));
  const speakers = new Map(
    [...parts, ...missing].map(({ guildId, userId }) => [`${guildId}/${userId}`, { guildId, userId }]),
  );
  const people = [...speakers].map(([key, who]) => ({ ...who, name: names.get(key) ?? who.userId }));
  return { v: 1, sessionId, timeZero, people, parts, missing };
}

/** The same without some people. */
export function without(transcript: Transcript, userIds: ReadonlySet<string>): Transcript {
  const stays = ({ userId }: { userId: string }): boolean => !userIds.has(userId);
  const { people, parts, missing } = transcript;
  return { ...transcript, people: people.filter(stays), parts: parts.filter(stays), missing: missing.filter(stays) };
}

function covers({ userId, spans }: HeardLater, part: { userId: string; startMs: number; endMs: number }): boolean {
  const middle = (part.startMs + part.endMs) / 2;
  return userId === part.userId && spans.some(({ fromMs, toMs }) => middle >= fromMs && middle < toMs);
}

function partsOf({ guildId, userId, language, words }: HeardLater): TranscriptPart[] {
  const runs: CaptionWord[][] = [];
  for (const word of [...words].sort((left, right) => left.startMs - right.startMs)) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run && last && word.startMs - last.endMs < PART_PAUSE_MS && run.length < PART_WORDS) run.push(word);
    else runs.push([word]);
  }
  return runs.map((run) => ({
    guildId,
    userId,
    language,
    startMs: run[0]?.startMs ?? 0,
    endMs: run.at(-1)?.endMs ?? 0,
    text: run.map(({ text }) => text).join(' '),
    words: run,
    source: 'prerecorded',
  }));
}
