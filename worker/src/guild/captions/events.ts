/** What sessions and nodes tell of captions: on to browsers, to Discord, and to the other side of a call. In a transaction. */
import type { NodeEventOf } from '@patchbay/shared/events';
import type { PresenceSnapshot } from '@patchbay/shared/hub-protocol';
import type { CaptionLine, CaptionPlace, Transcript } from '../../captions/place.ts';
import type { GuildBook } from '../book.ts';
import { channelOfLeg, legsInUse } from '../leases.ts';
import { refreshPanel } from '../panels.ts';
import { recordedTranscript } from '../recorded.ts';
import type { CaptionFinal, CaptionState } from './store.ts';

/** Words of one side, on their way to another: what its own server lets the others know of the speaker. */
export type ForeignCaption = Omit<CaptionFinal, 'guildId' | 'channelId' | 'userId'>;

/** Where the captions of a channel go in Discord now. */
export function placeOf(book: GuildBook, channelId: string): CaptionPlace {
  const { text, thread } = book.captions.settings();
  return {
    guildId: book.id,
    textChannelId: text ?? channelId,
    thread: thread && text !== undefined,
    locale: book.settingsOf(channelId).language === 'it' ? 'it' : 'en',
    channelName: book.store.channel(channelId)?.name ?? channelId,
  };
}

/** People are shown that they are captioned: once their leg is connected, and before the first word. */
export function notice(book: GuildBook, sessionId: string): void {
  const view = book.views().find((each) => each.sessionId === sessionId);
  for (const row of book.captions.captioned()) {
    if (row.sessionId !== sessionId || row.noticed || !row.on) continue;
    const leg = view?.legs.find((each) => each.channelId === row.channelId);
    if (leg?.state === 'active' || leg?.state === 'degraded') show(book, row.channelId, sessionId);
  }
}

function show(book: GuildBook, channelId: string, sessionId: string): void {
  const known = book.captions.of(channelId, sessionId);
  // A side that did not ask for it is captioned by the wish of the other one: its people are told all the same.
  book.captions.put({ on: false, alone: false, state: null, ...known, channelId, sessionId, noticed: true });
  for (const { userId, bot, ...member } of book.store.members()) {
    if (member.channelId === channelId && !bot) book.captions.notePerson(sessionId, userId);
  }
  book.owe(`captions:${channelId}`, { kind: 'captions.begin', channelId, sessionId, place: placeOf(book, channelId) });
  refreshPanel(book, channelId);
}

/** Somebody came to a channel. */
export function noteComer(book: GuildBook, channelId: string, userId: string): void {
  for (const row of book.captions.captioned()) {
    if (row.channelId === channelId && row.noticed) book.captions.notePerson(row.sessionId, userId);
  }
}

/** A part of what somebody here said, as it will stay; it may come after the end of its session. */
export function captionFinal(book: GuildBook, event: NodeEventOf<'caption.final'>): void {
  const { sessionId, channelId, userId, captionId, language, text, startMs, endMs } = event;
  if (book.optOuts.since(userId) !== null) return;
  const name = book.store.member(userId)?.displayName;
  const named = name === undefined ? {} : { name };
  const said = { sessionId, captionId, language, text, startMs, endMs, ...named };
  if (!tell(book, { ...said, guildId: book.id, channelId, userId }, event.at)) return;
  if (!book.captions.settings().partners) return;
  const view = book.views().find((each) => each.sessionId === sessionId);
  if (!view?.legs.some(({ own }) => !own)) return;
  // Whoever hides its name hides those of its people.
  const { name: _name, ...unnamed } = said;
  const { anonymous } = book.settingsOf(channelId);
  const caption = anonymous ? unnamed : { ...said, guildName: book.name };
  book.owe(`session:${sessionId}`, { kind: 'caption', channelId, caption, at: event.at });
}

/** Words of another side, for a channel that hears them and has captions on. */
export function foreignCaption(book: GuildBook, channelId: string, caption: ForeignCaption, at: number): void {
  if (!book.captions.of(channelId, caption.sessionId)?.on) return;
  // The same words may be heard in several channels.
  const captionId = `${caption.captionId}@${channelId}`;
  tell(book, { ...caption, captionId, guildId: book.id, channelId, userId: '0' }, at);
}

/** `false`: known already. */
function tell(book: GuildBook, final: CaptionFinal, at: number): boolean {
  if (!book.captions.add(final, Date.now())) return false;
  const { channelId, sessionId, captionId, userId, name, guildName, text, startMs } = final;
  book.emit('caption.final', final, { at: Math.round(at) });
  const speaker = {
    userId,
    ...(name === undefined ? {} : { name }),
    ...(guildName === undefined ? {} : { guildName }),
  };
  const line: CaptionLine = { sessionId, captionId, ...speaker, text, startMs };
  book.owe(`captions:${channelId}`, { kind: 'captions.line', channelId, line, place: placeOf(book, channelId) });
  return true;
}

/** How captioning of a leg stands. */
export function captionState(book: GuildBook, event: NodeEventOf<'caption.state'>): void {
  const { sessionId, legId, state, code, message } = event;
  const channelId = channelOfLeg(book.store, legId);
  if (channelId === undefined) return;
  const told: CaptionState = { guildId: book.id, sessionId, channelId, state, code, message };
  const known = book.captions.of(channelId, sessionId);
  if (known) book.captions.put({ ...known, state: told });
  else if (state === 'on')
    book.captions.put({ channelId, sessionId, on: false, alone: false, noticed: false, state: told });
  if (state === 'on' && !known?.noticed) show(book, channelId, sessionId);
  book.emit('caption.state', told, { at: Math.round(event.at) });
}

/** The transcript of a session is stored: those who were captioned in it are shown the way to it. Idempotent. */
export function transcriptStored(book: GuildBook, channelId: string, transcript: Transcript): void {
  const { sessionId, objects } = transcript;
  book.captions.putTranscript({ sessionId, channelId, objects });
  recordedTranscript(book, transcript);
  const place = placeOf(book, channelId);
  book.owe(`captions:${channelId}`, { kind: 'captions.transcript', channelId, transcript, place });
}

/** What late comers are told. */
export function captionsPicture(book: GuildBook, now: number): Pick<PresenceSnapshot, 'captions'> {
  const running = new Set(legsInUse(book.store).map(({ sessionId }) => sessionId));
  const states = book.captions.captioned().flatMap(({ state }) => state ?? []);
  return { captions: { finals: book.captions.recent(now, running), states } };
}
