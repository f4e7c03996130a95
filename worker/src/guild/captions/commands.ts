/** What `/captions` does. Inside a transaction; a wrong value changes nothing. */
import { ulid } from 'ulid';
import type { GuildBook } from '../book.ts';
import { noIdentityFree } from '../commands.ts';
import { isIdentityFree, sessionsIn } from '../leases.ts';
import { isListening } from '../monitors.ts';
import { refreshPanel } from '../panels.ts';
import { accept, type Reply, refuse } from '../replies.ts';
import { notice } from './events.ts';
import {
  type CaptionsPatch,
  type CaptionsSettings,
  captionLanguage,
  changed,
  withKeyterms,
  withoutKeyterms,
} from './settings.ts';
import { begin, withSides } from './sides.ts';
import type { CaptionState } from './store.ts';

/** `/captions start`: in the call or the recording that runs in the channel, else in a session of its own. */
function startCaptions(book: GuildBook, channelId: string): Reply {
  const channel = book.store.channel(channelId);
  if (!channel) return refuse('not_in_voice');
  if (isListening(book, channel)) return refuse('only_listens', { channel: channelId });
  if (book.captions.running(channelId)) return refuse('captioned_already', { channel: channelId });
  if (book.store.humans(channelId) === 0) return refuse('nobody_to_caption', { channel: channelId });
  const sessionId = channel.use === 'session' ? channel.sessionId : (sessionsIn(book.store, channelId)[0] ?? null);
  if (sessionId !== null) {
    withSides(book, () => begin(book, { channelId, sessionId, alone: false }));
    notice(book, sessionId);
    return accept('captions_started', { channel: channelId });
  }
  if (!isIdentityFree(book.store, channelId)) return noIdentityFree(book, channelId);
  const fresh = ulid();
  begin(book, { channelId, sessionId: fresh, alone: true });
  book.owe(`session:${fresh}`, { kind: 'start', sessionId: fresh, channelId });
  return accept('captions_started', { channel: channelId });
}

/** `/captions stop`. A session that is there for its captions alone ends. */
function stopCaptions(book: GuildBook, channelId: string): Reply {
  const running = book.captions.running(channelId);
  if (!running) return refuse('not_captioned', { channel: channelId });
  const { sessionId } = running;
  withSides(book, () => book.captions.put({ ...running, on: false, noticed: false }));
  if (running.alone) book.owe(`session:${sessionId}`, { kind: 'detach', reason: 'command', channelId });
  refreshPanel(book, channelId);
  return accept('captions_stopped', { channel: channelId });
}

const LANGUAGE_OF_SERVER = 'default';

/** `/captions language`: for one person, or (`null`) for the server; running captions follow at once. */
function setLanguage(book: GuildBook, userId: string | null, wanted: string): Reply {
  const language = wanted === LANGUAGE_OF_SERVER ? null : wanted;
  if (language !== null && !captionLanguage.safeParse(language).success) return refuse('wrong_language');
  if (userId === null) return changeCaptions(book, { language });
  withSides(book, () => book.captions.setLanguage(userId, language, Date.now()));
  return accept(language === null ? 'own_language_reset' : 'own_language');
}

/** `/captions settings` and `channel`. */
function changeCaptions(book: GuildBook, patch: CaptionsPatch): Reply {
  return keep(book, changed(book.captions.settings(), patch));
}

/** `/captions keyterms add|remove`. */
function changeKeyterms(book: GuildBook, text: string, add: boolean): Reply {
  return keep(book, (add ? withKeyterms : withoutKeyterms)(book.captions.settings(), text));
}

function keep(book: GuildBook, answer: ReturnType<typeof changed>): Reply {
  if (!answer.ok) return refuse(answer.code);
  withSides(book, () => book.captions.putSettings(answer.settings));
  return accept('captions_changed', { count: answer.settings.keyterms.length });
}

/** `/captions status` and `keyterms list`. */
export interface CaptionsReport {
  settings: CaptionsSettings;
  /** The language that the caller chose for themselves. */
  ownLanguage: string | null;
  /** The channel that was asked about; `null`: it is not captioned. */
  running: { state: CaptionState | null } | null;
}

export function showCaptions(book: GuildBook, userId: string, channelId: string | null): CaptionsReport {
  const running = channelId === null ? undefined : book.captions.running(channelId);
  return {
    settings: book.captions.settings(),
    ownLanguage: book.captions.languages()[userId] ?? null,
    running: running ? { state: running.state } : null,
  };
}

/** What a person asks for; the rest is plain data, so that it is one call. */
export type CaptionsRequest =
  | { action: 'start' | 'stop'; channelId: string }
  /** `userId: null`: of the server. */
  | { action: 'language'; userId: string | null; language: string }
  | { action: 'change'; patch: CaptionsPatch }
  | { action: 'keyterms'; text: string; add: boolean };

export function captions(book: GuildBook, request: CaptionsRequest): Reply {
  switch (request.action) {
    case 'start':
      return startCaptions(book, request.channelId);
    case 'stop':
      return stopCaptions(book, request.channelId);
    case 'language':
      return setLanguage(book, request.userId, request.language);
    case 'change':
      return changeCaptions(book, request.patch);
    case 'keyterms':
      return changeKeyterms(book, request.text, request.add);
  }
}
