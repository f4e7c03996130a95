/** Recorded channels of this server: who is in them and who may view them is noted while they are recorded. Inside a transaction. */
import type { NodeEventOf } from '@patchbay/shared/events';
import { guildPermissions, permissionBits } from '@patchbay/shared/permissions';
import type { Transcript } from '../captions/place.ts';
import type { Asker } from '../recording/access.ts';
import type { Keep, Side } from '../recording/record.ts';
import type { Places } from '../recording/say.ts';
import type { RecordingReport } from '../session/record.ts';
import type { GuildBook } from './book.ts';
import { DEFAULTS } from './settings-store.ts';
import type { ViewerAnswer } from './viewers.ts';

/** Which channels are being recorded, for which sessions: rows in, rows out. */
export class Recorded {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS recorded(session_id TEXT NOT NULL, channel_id TEXT NOT NULL, since INTEGER NOT NULL,
      PRIMARY KEY(session_id, channel_id)) WITHOUT ROWID`);
  }

  add(sessionId: string, channelId: string, since: number): void {
    const sql = 'INSERT OR IGNORE INTO recorded(session_id, channel_id, since) VALUES (?, ?, ?)';
    this.#sql.exec(sql, sessionId, channelId, since);
  }

  remove(sessionId: string, channelId: string): void {
    this.#sql.exec('DELETE FROM recorded WHERE session_id = ? AND channel_id = ?', sessionId, channelId);
  }

  /** Channels of a session that are being recorded. */
  channelsOf(sessionId: string): { channelId: string; since: number }[] {
    const sql = 'SELECT channel_id, since FROM recorded WHERE session_id = ?';
    const rows = this.#sql.exec<{ channel_id: string; since: number }>(sql, sessionId).toArray();
    return rows.map((row) => ({ channelId: row.channel_id, since: row.since }));
  }

  /** Sessions that record a channel. */
  sessionsIn(channelId: string): string[] {
    return this.#sql
      .exec<{ session_id: string }>('SELECT session_id FROM recorded WHERE channel_id = ?', channelId)
      .toArray()
      .map((row) => row.session_id);
  }
}

/** How long this server keeps recordings. */
export function keepOf(book: GuildBook): Keep {
  const { chunkDays, recordingDays } = book.settings.stored(DEFAULTS);
  const { keep } = book.rules();
  return { chunkDays: chunkDays ?? keep.chunkDays, recordingDays: recordingDays ?? keep.recordingDays };
}

/** What a voice node says of a recording goes to what is kept of it. */
export function recordingEvent(book: GuildBook, event: RecordingReport): void {
  const { sessionId } = event;
  // Transcripts are told of by those servers alone that were captioned.
  if (event.type === 'report.sealed' || event.type === 'report.failed' || event.type === 'transcript.stored') return;
  if (event.type === 'recording.started') begin(book, event);
  if (event.type === 'recording.coverage') {
    const { code, userId, state, message } = event;
    const payload = { guildId: book.id, sessionId, code, ...(userId ? { userId } : {}), state, message };
    book.emit('recording.coverage', payload, { at: Math.round(event.at), audience: audienceOf(book, sessionId) });
  }
  book.owe(`recording:${sessionId}`, { kind: 'recorded', item: { kind: 'event', event } });
}

/** The transcript of a session is kept with its recording, where there is one. */
export function recordedTranscript(book: GuildBook, { sessionId, objects }: Transcript): void {
  const item = { kind: 'transcript' as const, guildId: book.id, at: Date.now(), objects };
  book.owe(`recording:${sessionId}`, { kind: 'recorded', item });
}

/** The channels of which one must be seen by those who hear of a recording. */
export function audienceOf(book: GuildBook, sessionId: string): string[] {
  return book.store.channelsOfSession(sessionId);
}

function begin(book: GuildBook, event: NodeEventOf<'recording.started'>): void {
  const { sessionId, legId } = event;
  const sql = 'SELECT channel_id FROM legs WHERE leg_id = ?';
  const [leg] = book.store.sql.exec<{ channel_id: string }>(sql, legId).toArray();
  // Its lease is over already: the event is late, and there is nothing to follow.
  if (!leg) return;
  const since = Math.round(event.at);
  book.recorded.add(sessionId, leg.channel_id, since);
  owesSide(book, sessionId, { channelId: leg.channel_id, since }, null);
  owesPeople(book, sessionId, leg.channel_id);
}

/** A session does not record a channel (without one: any channel of this server) any more. */
export function recordedOver(book: GuildBook, sessionId: string, only?: string): void {
  for (const channel of book.recorded.channelsOf(sessionId)) {
    if (only !== undefined && channel.channelId !== only) continue;
    book.recorded.remove(sessionId, channel.channelId);
    owesPeople(book, sessionId, channel.channelId);
    owesSide(book, sessionId, channel, Date.now());
  }
}

/** People came to a channel, or left it. */
export function recordedPresence(book: GuildBook, channelId: string): void {
  for (const sessionId of book.recorded.sessionsIn(channelId)) owesPeople(book, sessionId, channelId);
}

function owesSide(
  book: GuildBook,
  sessionId: string,
  { channelId, since }: { channelId: string; since: number },
  endedAt: number | null,
): void {
  const facts = book.access.facts(book.id, book.name);
  const overwrites = book.access.overwrites(channelId);
  const side: Side = {
    guildId: book.id,
    guildName: book.name,
    channelId,
    channelName: book.store.channelName(channelId) ?? '',
    startedAt: since,
    endedAt,
    sights: [{ ownerId: facts.ownerId, roles: facts.roles, overwrites }],
  };
  book.owe(`recording:${sessionId}`, {
    kind: 'recorded',
    item: { kind: 'side', sessionId, side, keep: keepOf(book) },
  });
}

function owesPeople(book: GuildBook, sessionId: string, channelId: string): void {
  const out = new Set(book.optOuts.all().map(({ userId }) => userId));
  const here = book.store
    .members()
    .filter((member) => member.channelId === channelId && !member.bot && !out.has(member.userId))
    .map(({ userId, displayName }) => ({ userId, name: displayName }));
  const item = { kind: 'people' as const, guildId: book.id, channelId, at: Date.now(), here };
  book.owe(`recording:${sessionId}`, { kind: 'recorded', item });
}

/** Where something about a recorded channel can be said, best first: its own chat, then the channel of its panel. */
export function places(book: GuildBook, channelId: string): Places {
  const { panel, language } = book.settingsOf(channelId);
  const own = book.store.channel(channelId) ? [channelId] : [];
  const channels = [...new Set([...own, ...(panel === null ? [] : [panel])])];
  return { channels, language: language === 'it' ? 'it' : 'en' };
}

/** What a server sets up for its recordings. */
export interface RecordingRules {
  keep: Keep;
  mailTo: string[];
}

export function recordingRules(book: GuildBook): RecordingRules {
  return { keep: keepOf(book), mailTo: book.settings.stored(DEFAULTS).mailTo ?? [] };
}

/**
 * Somebody who wants a recording, as this server knows them. `known`: what Discord said with their interaction; else their roles are
 * asked for, and whether they manage the server is told by them.
 */
export async function asker(
  book: GuildBook,
  userId: string,
  ask: () => Promise<ViewerAnswer>,
  known: { roles?: string[]; manages?: boolean } = {},
): Promise<Asker> {
  let roles: string[] | null | undefined = known.roles;
  if (roles === undefined) {
    const answer = await ask();
    roles = answer.kind === 'member' ? answer.roles : null;
  }
  const member = { userId, roles: roles ?? [] };
  const bits = guildPermissions(book.access.facts(book.id, book.name), member);
  const manages = known.manages ?? (roles !== null && (bits & permissionBits.ManageGuild) !== 0n);
  const staffRole = book.settings.stored(DEFAULTS).staffRole ?? null;
  return { userId, guildId: book.id, roles, manages, staffRole };
}
