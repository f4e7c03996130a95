/** What the captions of a channel do next in Discord. Pure, so that every order of answers can be tried. */
import { idOf, postProblem } from '../discord/messages.ts';
import type { DiscordAnswer } from '../discord/rest.ts';
import type { CaptionLine, CaptionPlace, Transcript } from './place.ts';
import { MESSAGE_LIMIT, pieces, textOf } from './render.ts';

export type CaptionContent =
  /** People are told that they are captioned. */
  | { kind: 'notice'; channelName: string }
  | { kind: 'lines'; lines: CaptionLine[] }
  | { kind: 'transcript'; channelName: string; live: number; prerecorded: number };

export interface CaptionMessage {
  sessionId: string;
  textChannelId: string;
  /** It goes into the session's thread, once there is one. */
  thread: boolean;
  locale: 'en' | 'it';
  content: CaptionContent;
  /** Of the post: one whose answer got lost is repeated with it. Up to 25 characters. */
  nonce: string;
  /** A post had no answer: the message may be there already, and show less. */
  unsure: boolean;
  messageId?: string | undefined;
  /** Where it was posted: the text channel, or a thread of it. */
  postedIn?: string | undefined;
  /** Counts the changes of its content, and which of them Discord shows. */
  version: number;
  shown: number;
  /** When it changed last, ms since the epoch. */
  at: number;
}

/** The thread of a session; its id is that of the message that it hangs on. */
export interface CaptionThread {
  sessionId: string;
  textChannelId: string;
  name: string;
  state: 'wanted' | 'made' | 'refused';
  threadId?: string | undefined;
}

export interface CaptionsRecord {
  /** In the order in which they are posted; what is shown and will not change is forgotten. */
  messages: CaptionMessage[];
  threads: CaptionThread[];
  /** Parts that were taken, the newest last: what comes twice counts once. */
  seen: string[];
  /** Not before this instant, ms since the epoch. */
  notBefore: number;
  /** Why nothing can be posted, until it can again. */
  problem?: string | undefined;
}

export type CaptionStep =
  | { kind: 'post' | 'edit'; index: number; channelId: string }
  | { kind: 'thread'; index: number; channelId: string; messageId: string; name: string };

/** Calls for one channel come at least so far apart, ms: edits of a message are at most every two seconds. */
export const SPACING_MS = 2_000;
/** After so long without a word the next one begins a new message: nobody looks for it in an old one. ms. */
export const PAUSE_MS = 60_000;
/** Where Discord refused, it is tried again after this time. ms. */
const REFUSED_MS = 60_000;
const MAX_WAIT_MS = 60_000;
const MOST_SEEN = 500;
const MOST_SESSIONS = 3;
/** While Discord cannot be reached; the oldest words give way. */
const MOST_MESSAGES = 50;

export const emptyRecord: CaptionsRecord = { messages: [], threads: [], seen: [], notBefore: 0 };

const without = ({ place, sessionId }: { place: CaptionPlace; sessionId: string }, now: number, nonce: string) => ({
  ...{ sessionId, textChannelId: place.textChannelId, thread: place.thread, locale: place.locale },
  ...{ nonce, unsure: false, version: 1, shown: 0, at: now },
});

/** A session is captioned from now on: its people are told, and a thread is wanted where that is set. */
export function begun(
  record: CaptionsRecord,
  of: { place: CaptionPlace; sessionId: string },
  now: number,
  newNonce: () => string,
): CaptionsRecord {
  const { place, sessionId } = of;
  const content = { kind: 'notice', channelName: place.channelName } as const;
  const message: CaptionMessage = { ...without(of, now, newNonce()), thread: false, content };
  const { textChannelId } = place;
  const known = record.threads.some((each) => each.sessionId === sessionId && each.textChannelId === textChannelId);
  const thread = { sessionId, textChannelId, name: place.channelName, state: 'wanted' } as const;
  return tidy({
    ...record,
    // What stood against an earlier place says nothing of this one.
    notBefore: record.messages.some((each) => each.textChannelId === textChannelId) ? record.notBefore : 0,
    messages: [...record.messages, message],
    threads: place.thread && !known ? [...record.threads, thread] : record.threads,
  });
}

/** Takes a part of what somebody said; the same one again changes nothing. */
export function said(
  record: CaptionsRecord,
  { place, line }: { place: CaptionPlace; line: CaptionLine },
  now: number,
  newNonce: () => string,
): CaptionsRecord {
  const { sessionId, captionId } = line;
  if (record.seen.includes(captionId)) return record;
  let next: CaptionsRecord = { ...record, seen: [...record.seen, captionId].slice(-MOST_SEEN) };
  const told = ({ sessionId: of, textChannelId }: CaptionMessage) =>
    of === sessionId && textChannelId === place.textChannelId;
  if (!next.messages.some(told)) next = begun(next, { place, sessionId }, now, newNonce);
  for (const text of pieces(line.text)) {
    const piece = { ...line, text };
    const index = next.messages.findLastIndex((each) => told(each) && each.content.kind !== 'transcript');
    const open = next.messages[index];
    const lines = open?.content.kind === 'lines' ? [...open.content.lines, piece] : [];
    const fits =
      lines.length > 0 && open && now - open.at < PAUSE_MS && textOf(lines, open.locale).length <= MESSAGE_LIMIT;
    const content: CaptionContent = { kind: 'lines', lines: [piece] };
    const messages = fits
      ? next.messages.with(index, { ...open, content: { kind: 'lines', lines }, version: open.version + 1, at: now })
      : [...next.messages, { ...without({ place, sessionId }, now, newNonce()), content }];
    next = { ...next, messages };
  }
  return tidy(next);
}

/** The transcript of a session can be had; told once. */
export function transcribed(
  record: CaptionsRecord,
  { place, transcript }: { place: CaptionPlace; transcript: Transcript },
  now: number,
  newNonce: () => string,
): CaptionsRecord {
  const { sessionId, live, prerecorded } = transcript;
  const id = `transcript ${sessionId}`;
  if (record.seen.includes(id)) return record;
  const content = { kind: 'transcript', channelName: place.channelName, live, prerecorded } as const;
  const message: CaptionMessage = { ...without({ place, sessionId }, now, newNonce()), content };
  return tidy({ ...record, seen: [...record.seen, id].slice(-MOST_SEEN), messages: [...record.messages, message] });
}

const isShown = ({ shown, version }: CaptionMessage) => shown >= version;

/** Forgets what will not change any more, and the oldest where too much waits. */
function tidy(record: CaptionsRecord): CaptionsRecord {
  const sessions = [...new Set(record.messages.map(({ sessionId }) => sessionId))].slice(-MOST_SESSIONS);
  const messages = record.messages.filter((message, index, all) => {
    if (!isShown(message)) return true;
    if (!sessions.includes(message.sessionId)) return false;
    const { sessionId, textChannelId } = message;
    const threaded = record.threads.some((each) => each.sessionId === sessionId && each.state === 'wanted');
    if (threaded && message.content.kind === 'notice') return true;
    // The last one of a session stays: it may get further lines, and says that its people were told.
    const later = all.slice(index + 1);
    return !later.some((each) => each.sessionId === sessionId && each.textChannelId === textChannelId);
  });
  const kept = messages.slice(-MOST_MESSAGES);
  const ids = new Set(kept.map(({ sessionId }) => sessionId));
  return { ...record, messages: kept, threads: record.threads.filter(({ sessionId }) => ids.has(sessionId)) };
}

const threadOf = (record: CaptionsRecord, message: CaptionMessage) =>
  record.threads.find(
    ({ sessionId, textChannelId }) => sessionId === message.sessionId && textChannelId === message.textChannelId,
  );

/** What to ask of Discord next; undefined: all is shown. */
export function nextStep(record: CaptionsRecord): CaptionStep | undefined {
  for (const [index, message] of record.messages.entries()) {
    const { messageId, textChannelId, postedIn, content } = message;
    const thread = threadOf(record, message);
    if (!isShown(message)) {
      const channelId = message.thread && thread?.state === 'made' ? (thread.threadId ?? textChannelId) : textChannelId;
      if (messageId === undefined) return { kind: 'post', index, channelId };
      return { kind: 'edit', index, channelId: postedIn ?? channelId };
    }
    if (content.kind === 'notice' && thread?.state === 'wanted' && messageId !== undefined) {
      return { kind: 'thread', index, channelId: textChannelId, messageId, name: thread.name };
    }
  }
  return undefined;
}

/** The record after Discord's answer to a step, which showed `version` of its message. */
export function answered(
  record: CaptionsRecord,
  { step, nonce, version }: { step: CaptionStep; nonce: string; version: number },
  answer: DiscordAnswer,
  now: number,
  newNonce: () => string,
): CaptionsRecord {
  const index = record.messages.findIndex((each) => each.nonce === nonce);
  const message = record.messages[index];
  if (!message) return record;
  const put = (change: Partial<CaptionMessage>, rest: Partial<CaptionsRecord> = {}): CaptionsRecord =>
    tidy({
      ...record,
      notBefore: now + SPACING_MS,
      ...rest,
      messages: record.messages.with(index, { ...message, ...change }),
    });
  if (answer.kind === 'later') {
    const unsure = message.unsure || step.kind === 'post';
    return put({ unsure }, { notBefore: now + Math.max(SPACING_MS, Math.min(answer.afterMs, MAX_WAIT_MS)) });
  }
  if (step.kind === 'thread') return tidy(withThread(record, message, answer, now));
  if (answer.kind === 'ok') {
    // The message may be that of a first post whose answer got lost: it is edited to what is wanted.
    const shown = message.unsure && step.kind === 'post' ? 0 : version;
    const messageId = idOf(answer.body) ?? message.messageId;
    return put({ shown, unsure: false, messageId, postedIn: step.channelId }, { problem: undefined });
  }
  const { status, code } = answer;
  // 10008: somebody deleted the message. Its words are said again below.
  if (code === 10008) return put({ messageId: undefined, postedIn: undefined, shown: 0, nonce: newNonce() });
  // 10003: the thread was deleted, and the channel itself has the rest.
  if (code === 10003 && step.channelId !== message.textChannelId) {
    const threads = record.threads.map((each) =>
      each.sessionId === message.sessionId ? { ...each, state: 'refused' as const } : each,
    );
    return put({ messageId: undefined, postedIn: undefined, shown: 0, nonce: newNonce() }, { threads });
  }
  if (status === 400) return put({ shown: message.version }, { problem: `discord_400_${code}` });
  return { ...record, notBefore: now + REFUSED_MS, problem: postProblem({ status, code }) };
}

/** The session's thread was made, was there already, or cannot be: then the channel itself has the captions. */
function withThread(
  record: CaptionsRecord,
  message: CaptionMessage,
  answer: DiscordAnswer,
  now: number,
): CaptionsRecord {
  const there = answer.kind === 'ok' || (answer.kind === 'refused' && answer.code === 160004);
  const threads = record.threads.map((each): CaptionThread => {
    if (each.sessionId !== message.sessionId || each.textChannelId !== message.textChannelId) return each;
    return there ? { ...each, state: 'made', threadId: message.messageId } : { ...each, state: 'refused' };
  });
  return { ...record, threads, notBefore: now };
}
