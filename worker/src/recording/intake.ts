/** Takes in what servers and voice nodes say of a recording. Everything may come twice, and after the end. */
import { flushedOf } from './audio.ts';
import { unsealed } from './finalising.ts';
import type { RecordingItem } from './items.ts';
import { heardOf, leastKeep, type Master, type RecordingRecord, type StoredObject, withSide } from './record.ts';
import type { RecordingStore } from './store.ts';

type EventItem = Extract<RecordingItem, { kind: 'event' }>['event'];
type EventOf<T extends EventItem['type']> = Extract<EventItem, { type: T }>;

/** What came of it beside the record. */
export interface Taken {
  record: RecordingRecord;
  /** Objects that must not be there: of people who were taken out. */
  unwanted: string[];
  /** Fragments that were not made again: they are gone from the bucket. */
  stale: string[];
  /** Something began to keep the recording from being whole, or ended it. */
  begun: { guildId: string; code: string; userId?: string | undefined }[];
}

/** Call it inside a transaction. `now`: on our clock. */
export function takeItem(store: RecordingStore, before: RecordingRecord, item: RecordingItem, now: number): Taken {
  if (item.kind === 'side') {
    if (item.side.endedAt !== null) everybodyLeft(store, item.side.guildId, item.side.channelId, item.side.endedAt);
    const keep = before.sides.length === 0 ? item.keep : leastKeep([before.keep, item.keep]);
    return { ...NOTHING, record: { ...withSide(before, item.side), keep } };
  }
  if (item.kind === 'people') {
    notePeople(store, item, before.without);
    return { ...NOTHING, record: before };
  }
  if (item.kind === 'transcript') {
    for (const { key, bytes, sha256 } of item.objects) {
      const guilds = [...new Set([...(store.object(key)?.guilds ?? []), item.guildId])].sort();
      store.putObject({ key, kind: 'transcript', bytes, sha256, guilds, at: item.at });
    }
    return { ...NOTHING, record: before };
  }
  return takeEvent(store, heardOf(before, item.event), item.event, now);
}

function takeEvent(store: RecordingStore, record: RecordingRecord, event: EventItem, now: number): Taken {
  const nothing: Taken = { ...NOTHING, record };
  switch (event.type) {
    case 'recording.chunk.stored':
    case 'recording.fragment.stored': {
      if (record.without.includes(event.userId)) return { ...nothing, unwanted: [event.key] };
      store.putObject(objectOf(store, record, event));
      noteSpeaker(store, record, event);
      const { emptyAt: _emptyAt, ...filled } = record;
      return { ...nothing, record: ofServer(filled, event.guildId) };
    }
    case 'recording.master.stored':
      return madeAnew(store, takeMaster(store, record, event, now), event);
    case 'recording.flushed': {
      const { flushed, unwanted } = flushedOf(record.flushed, event, record.without);
      return { ...nothing, record: { ...record, flushed }, unwanted };
    }
    case 'recording.failed':
      return takeFailure(store, record, event, now);
    case 'recording.coverage': {
      const about = { code: event.code, userId: event.userId ?? '' };
      if (event.state === 'over') {
        store.endCoverage(about.code, about.userId, Math.round(event.at));
        return nothing;
      }
      store.noteCoverage({ ...about, begunAt: Math.round(event.at) });
      return { ...nothing, begun: [event] };
    }
    default:
      return nothing;
  }
}

const NOTHING: Omit<Taken, 'record'> = { unwanted: [], stale: [], begun: [] };

/** What ends the recording of a channel in the middle of it. */
const ENDS: readonly string[] = ['disk_full', 'recording_write_failed'];

function takeFailure(
  store: RecordingStore,
  record: RecordingRecord,
  { guildId, code, message, at }: EventOf<'recording.failed'>,
  now: number,
): Taken {
  if (code === 'nothing_recorded') {
    // Nobody waits any longer for a mix of nothing.
    const { order: _order, failure: _failure, ...rest } = record;
    return { ...NOTHING, record: { ...rest, emptyAt: now } };
  }
  if (record.endedAt !== undefined) return { ...NOTHING, record: { ...record, failure: { code, message, at: now } } };
  if (!ENDS.includes(code)) return { ...NOTHING, record };
  store.noteCoverage({ code, userId: '', begunAt: Math.round(at) });
  return { ...NOTHING, record, begun: [{ guildId, code }] };
}

/** A server says that all was made: of its fragments, those that were not made again are gone. A repeated word changes nothing. */
function madeAnew(store: RecordingStore, record: RecordingRecord, event: EventOf<'recording.master.stored'>): Taken {
  const { guildId, id: eventId } = event;
  const rounds = record.made?.[guildId]?.rounds ?? 0;
  if (record.made?.[guildId]?.eventId === eventId) return { ...NOTHING, record };
  const stale = store
    .objects('normalised', 'raw', 'mp3')
    .filter((object) => object.guildId === guildId && (object.round ?? 0) < rounds)
    .map(({ key }) => key);
  store.dropKeys(stale);
  return {
    ...NOTHING,
    stale,
    record: { ...record, made: { ...record.made, [guildId]: { eventId, rounds: rounds + 1 } } },
  };
}

function objectOf(
  store: RecordingStore,
  record: RecordingRecord,
  event: EventOf<'recording.chunk.stored' | 'recording.fragment.stored'>,
): StoredObject {
  const { key, guildId, userId, bytes, sha256, firstSample, samples, at } = event;
  const common = { key, guildId, userId, bytes, sha256, firstSample, samples, at };
  if (event.type === 'recording.chunk.stored') return { ...common, kind: 'chunk', lostPackets: event.lostPackets };
  const { kind, loudness, truePeak, atLimit } = event;
  const known = store.object(key);
  // The same word once more is not a making of its own.
  const round = known?.at === at ? (known.round ?? 0) : (record.made?.[guildId]?.rounds ?? 0);
  return { ...common, kind, loudness, truePeak, round, ...(atLimit ? { atLimit } : {}) };
}

/** A master of before somebody was taken out is not taken. */
function takeMaster(
  store: RecordingStore,
  before: RecordingRecord,
  event: EventOf<'recording.master.stored'>,
  now: number,
): RecordingRecord {
  const { key, at, sha256, bytes, samples, loudness, truePeak, complete, outageSamples, tracks, nodeId } = event;
  // Made before: the word of it comes late. Its node finalises again.
  if (at <= (before.withoutAt ?? 0)) return before;
  if (tracks?.some(({ userId, spokenSamples }) => spokenSamples > 0 && before.without.includes(userId))) return before;
  for (const { userId, ...track } of tracks ?? []) {
    for (const person of store.people()) if (person.userId === userId) store.putPerson({ ...person, ...track });
  }
  // Each server of the session is told of the same one.
  if (before.master?.sha256 === sha256 && before.master.takenAt > (before.withoutAt ?? 0)) return before;
  store.putObject({ key, kind: 'master', bytes, sha256, firstSample: 0, samples, loudness, truePeak, at });
  const node = before.nodes[nodeId];
  // A node finalises by itself only what it has stored all of.
  const own =
    node && !before.order?.incomplete ? { [nodeId]: { ...node, sealedAt: Math.max(node.sealedAt ?? 0, at) } } : {};
  const record = { ...before, nodes: { ...before.nodes, ...own } };
  const { order: _order, failure: _failure, ...rest } = record;
  const master: Master = {
    ...{ key, at, takenAt: now, sha256, samples, loudness, truePeak, complete, early: unsealed(record).length > 0 },
    ...(outageSamples === undefined ? {} : { outageSamples }),
  };
  return { ...rest, master };
}

/** A recording that was rebuilt from objects which do not say whose it is: what is made of them does. */
function ofServer(record: RecordingRecord, guildId: string): RecordingRecord {
  if (record.remakeAt === undefined || record.sides.some((side) => side.guildId === guildId)) return record;
  const about = { guildId, guildName: '', channelId: '', channelName: '', sights: [] };
  return withSide(record, { ...about, startedAt: record.startedAt, endedAt: record.endedAt ?? record.remakeAt });
}

/** Somebody of whom something was stored was in it, whatever their server noted. */
function noteSpeaker(
  store: RecordingStore,
  record: RecordingRecord,
  event: EventOf<'recording.chunk.stored' | 'recording.fragment.stored'>,
): void {
  const { guildId, userId, firstSample, samples } = event;
  if (store.people().some((person) => person.userId === userId && person.guildId === guildId)) return;
  const from = (record.timeZero ?? record.startedAt) + firstSample / 48;
  const span = { firstAt: Math.round(from), lastAt: Math.round(from + samples / 48) };
  store.putPerson({ guildId, userId, name: '', ...span, here: null });
}

function notePeople(
  store: RecordingStore,
  { guildId, channelId, at, here }: Extract<RecordingItem, { kind: 'people' }>,
  without: readonly string[],
): void {
  const known = new Map(store.people().map((person) => [`${person.guildId}:${person.userId}`, person]));
  const present = new Set(here.map(({ userId }) => userId));
  for (const { userId, name } of here) {
    if (without.includes(userId)) continue;
    const before = known.get(`${guildId}:${userId}`);
    // A late word of an earlier moment changes nothing.
    if (before && before.lastAt > at) continue;
    const fresh = { guildId, userId, firstAt: at };
    const kept = before ?? fresh;
    store.putPerson({ ...kept, name: name || (before?.name ?? ''), lastAt: at, here: channelId });
  }
  for (const person of known.values()) {
    if (person.guildId !== guildId || person.here !== channelId || present.has(person.userId)) continue;
    store.putPerson({ ...person, lastAt: at, here: null });
  }
}

function everybodyLeft(store: RecordingStore, guildId: string, channelId: string, at: number): void {
  for (const person of store.people()) {
    if (person.guildId === guildId && person.here === channelId) store.putPerson({ ...person, lastAt: at, here: null });
  }
}
