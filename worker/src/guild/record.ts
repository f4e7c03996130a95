/** The recordings of channels: who starts and stops them, by hand or by a rule. Inside a transaction. */
import type { EndReason } from '@patchbay/shared/end-reason';
import type { NodeEventOf } from '@patchbay/shared/events';
import { ulid } from 'ulid';
import type { GuildBook } from './book.ts';
import { noIdentityFree } from './commands.ts';
import { isListening } from './monitors.ts';
import { refreshPanel } from './panels.ts';
import { afterRecording, decideRecording, type RecordTrigger, type RecordVerdict } from './record-policy.ts';
import type { ChannelRecording } from './record-store.ts';
import { sayTrouble } from './record-troubles.ts';
import { recordedOver } from './recorded.ts';
import { accept, type Reply, refuse } from './replies.ts';
import { DEFAULTS } from './settings-store.ts';
import type { Channel } from './store.ts';
import { knownRoles } from './viewers.ts';

/** The pool that recordings settle with: no tickets wait in it. */
export const RECORD_POOL = 'recordings';
/** Roles that could not be asked for are asked for again after this. Milliseconds. */
const ASK_AGAIN_MS = 30_000;

export interface RecordRequest {
  channelId: string;
  userId: string;
  /** Instead of what is set up; 0: until nobody is left. */
  limitSeconds: number | undefined;
}

/** `/record start`: the channel's side of the call that it is in, or the channel alone. */
export function startRecording(book: GuildBook, { channelId, userId, limitSeconds }: RecordRequest): Reply {
  const channel = book.store.channel(channelId);
  if (!channel) return refuse('not_in_voice');
  if (book.records.of(channelId)) return refuse('recorded_already', { channel: channelId });
  if (book.store.humans(channelId) === 0) return refuse('nobody_to_record', { channel: channelId });
  const { identityFree } = book.situation(channel);
  if (!identityFree) return noIdentityFree(book, channelId);
  book.records.patchWatch(channelId, { held: false, restUntil: 0, failures: 0, told: null });
  begin(book, channel, { by: userId, trigger: null, limitSeconds });
  return accept('record_starting', { channel: channelId });
}

/** Notes the recording and owes its session the order: asked again, it changes nothing. */
function begin(
  book: GuildBook,
  channel: Channel,
  of: { by: string | null; trigger: RecordTrigger | null; limitSeconds?: number | undefined },
): void {
  const { channelId, sessionId: call } = channel;
  const { by, trigger } = of;
  // A channel that only listens has no side in the call: it is recorded alone.
  const lone = channel.use !== 'session' || call === null || isListening(book, channel);
  const sessionId = lone ? ulid() : call;
  const since = Date.now();
  const limitSeconds =
    of.limitSeconds ?? book.settingsOf(channelId).recordLimitSeconds ?? book.rules().recordLimitSeconds;
  const state = { started: null, notices: [], failure: null, stopping: false };
  book.records.put({ channelId, sessionId, lone, by, trigger, since, limitSeconds, ...state });
  book.records.patchWatch(channelId, { stoppedIn: null });
  const until = limitSeconds > 0 ? since + limitSeconds * 1000 : null;
  book.owe(
    `session:${sessionId}`,
    lone
      ? { kind: 'record.start', sessionId, channelId, limitSeconds }
      : { kind: 'record.side', channelId, on: true, until },
  );
  refreshPanel(book, channelId);
}

/** `/record stop`: a rule does not start it again before everybody has left once. */
export function stopRecording(book: GuildBook, channelId: string): Reply {
  const channel = book.store.channel(channelId);
  const recording = book.records.of(channelId);
  // A call whose side is recorded by the channel's setting, and has not said so yet.
  const side = channel?.use === 'session' && !isListening(book, channel) && book.settingsOf(channelId).record;
  if (!channel || (!recording && !side)) return refuse('not_recorded', { channel: channelId });
  book.records.patchWatch(channelId, { held: true });
  if (recording?.lone) {
    book.records.put({ ...recording, stopping: true });
    book.owe(`session:${recording.sessionId}`, { kind: 'stop', reason: 'command', channelId });
  } else {
    book.records.drop(channelId);
    const sessionId = recording?.sessionId ?? channel.sessionId;
    if (sessionId) recordedOver(book, sessionId, channelId);
    book.records.patchWatch(channelId, { stoppedIn: sessionId });
    book.owe(`session:${sessionId}`, { kind: 'record.side', channelId, on: false, until: null });
  }
  refreshPanel(book, channelId);
  return accept('record_stopping', { channel: channelId });
}

/** The bot was told to leave a channel: a rule does not bring it back before everybody has left once. */
export function holdRecording(book: GuildBook, channelId: string): void {
  book.records.patchWatch(channelId, { held: true });
}

/** Looks at a channel with the rules. A recording that one of them asks for is stored with what caused it. */
export function considerRecording(book: GuildBook, channel: Channel, humans: number): void {
  const { channelId } = channel;
  const verdict = verdictOf(book, channel, humans);
  if (verdict.kind === 'forget')
    book.records.patchWatch(channelId, { held: false, restUntil: 0, failures: 0, told: null });
  if (verdict.kind === 'start') begin(book, channel, { by: null, trigger: verdict.trigger });
  if (verdict.kind === 'ask') book.owe(`record:${channelId}`, { kind: 'roles', userIds: verdict.userIds });
}

function verdictOf(book: GuildBook, channel: Channel, humans: number): RecordVerdict {
  const rules = book.settings.stored(DEFAULTS).recordRules ?? [];
  // Most servers have none: nothing more is looked up at each coming and going.
  if (humans === 0) return { kind: 'forget' };
  if (rules.length === 0) return { kind: 'none' };
  const { channelId } = channel;
  const people = book.store.people(channelId);
  return decideRecording(
    rules,
    {
      channelId,
      people,
      rolesOf: knownRoles(book, people, Date.now() - book.rules().viewerCheckMs),
      recorded: book.records.of(channelId) !== undefined,
      ...book.records.watch(channelId),
      identityFree: book.situation(channel).identityFree,
    },
    Date.now(),
  );
}

/** Roles were asked for; those that are not told are asked for again later. */
export function rolesAsked(book: GuildBook, channelId: string, allKnown: boolean): void {
  if (allKnown) book.reconsider(channelId);
  else book.deadlines.set(`record:${channelId}`, Date.now() + ASK_AGAIN_MS);
}

/** A channel was made, and the bot saw it: a rule for its category counts for it. */
export function noteMade(book: GuildBook, channelId: string, parentId: string | undefined): void {
  const rules = book.settings.stored(DEFAULTS).recordRules ?? [];
  const watched = rules.some((rule) => rule.kind === 'category' && rule.categoryId === parentId);
  if (watched) book.records.patchWatch(channelId, { madeIn: parentId ?? null });
}

/** The recording that the node speaks of: one that was asked for, or that of a call by the setting of its channel. */
function recordingOfLeg(
  book: GuildBook,
  { sessionId, legId, at }: NodeEventOf<'recording.started' | 'recording.noticed'>,
): ChannelRecording | undefined {
  const channelId = book.store.channelOfLeg(legId);
  if (channelId === undefined) return undefined;
  const known = book.records.of(channelId);
  if (known) return known.sessionId === sessionId ? known : undefined;
  const { stoppedIn } = book.records.watch(channelId);
  if (book.store.channel(channelId)?.sessionId !== sessionId || stoppedIn === sessionId) return undefined;
  const asked = { lone: false, by: null, trigger: null, since: Math.round(at), limitSeconds: 0 };
  return { channelId, sessionId, ...asked, started: null, notices: [], failure: null, stopping: false };
}

/** The node records a leg. */
export function recordingStarted(book: GuildBook, event: NodeEventOf<'recording.started'>): void {
  const recording = recordingOfLeg(book, event);
  if (!recording) return;
  const { channelId, started } = recording;
  book.records.put({ ...recording, started: started ?? Math.round(event.at), failure: null });
  book.records.patchWatch(channelId, { failures: 0, told: null });
  refreshPanel(book, channelId);
}

/** People were shown that they are recorded. */
export function recordingNoticed(book: GuildBook, event: NodeEventOf<'recording.noticed'>): void {
  const { sessionId, kind: notice, userIds, at } = event;
  const recording = recordingOfLeg(book, event);
  if (recording) book.records.put({ ...recording, notices: [...new Set([...recording.notices, notice])] });
  book.owe('db', { kind: 'noticed', sessionId, notice, userIds, at: Math.round(at) });
}

/** Nothing is recorded of a channel: a lone recording ends by it, and says so then; a call goes on without. */
export function recordingFailed(book: GuildBook, event: NodeEventOf<'recording.failed'>): void {
  const { sessionId, code, userId } = event;
  if (userId !== undefined) return;
  for (const recording of book.records.ofSession(sessionId)) {
    if (recording.started !== null) continue;
    if (recording.lone) book.records.put({ ...recording, failure: code });
    else {
      // Taken back, so that asking once more is a change.
      book.owe(`session:${sessionId}`, { kind: 'record.side', channelId: recording.channelId, on: false, until: null });
      over(book, recording, code === 'notice_refused' ? 'notice_refused' : 'error', code);
    }
  }
}

/** A session is over, or does not record here any longer: its channels are free to be recorded again. Idempotent. */
export function recordingOver(book: GuildBook, sessionId: string, reason: EndReason, channelId?: string): void {
  for (const recording of book.records.ofSession(sessionId)) {
    if (channelId === undefined || recording.channelId === channelId) over(book, recording, reason, recording.failure);
  }
}

function over(book: GuildBook, recording: ChannelRecording, reason: EndReason, code: string | null): void {
  const { channelId, sessionId, lone, stopping } = recording;
  book.records.drop(channelId);
  // Who comes to the channel from now on is not recorded.
  recordedOver(book, sessionId, channelId);
  const before = book.records.watch(channelId);
  // A side of a call ends with its call: that is no word on recordings.
  if (lone || reason === 'timeout' || code !== null) {
    const failures = before.failures + 1;
    const { held, restMs, failed } = afterRecording(reason, failures, book.rules().faultMs);
    const restUntil = restMs > 0 ? Date.now() + restMs : before.restUntil;
    const empty = book.store.humans(channelId) === 0;
    book.records.patchWatch(channelId, {
      // Who stopped it by hand is held since then; whoever came since found it so, or the channel was empty once.
      held: before.held || (held && !stopping && !empty),
      restUntil,
      failures: failed && !empty ? failures : before.failures,
    });
    if (restMs > 0) book.deadlines.set(`record:${channelId}`, restUntil);
    if (!stopping) sayTrouble(book, recording, reason, code);
  }
  refreshPanel(book, channelId);
}
