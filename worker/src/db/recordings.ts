/** The rows of recordings: written by each recording's object, read by lists across sessions. */
import { and, desc, eq, inArray } from 'drizzle-orm';
import { ulid } from 'ulid';
import type { Person, RecordingRecord, RecordingState, StoredObject } from '../recording/record.ts';
import type { Note } from '../recording/report-message.ts';
import type { Db } from './db.ts';
import {
  chunks,
  recordingAudit,
  recordingNotes,
  recordingObjects,
  recordingPeople,
  recordingSides,
  recordings,
  sessions,
} from './schema.ts';

export type RecordingAction = (typeof recordingAudit.$inferInsert)['action'];

/** Keeps a recording as it is now, with its channels. Idempotent. */
export async function projectRecording(
  db: Db,
  record: RecordingRecord,
  state: RecordingState,
  { expiry, notes }: { expiry: { chunksAt: number | null; at: number | null }; notes: readonly Note[] },
): Promise<void> {
  const { sessionId: id, startedAt, endedAt, timeZero, master, sides } = record;
  const changes = {
    state,
    startedAt,
    endedAt: endedAt ?? null,
    timeZero: timeZero ?? null,
    samples: master?.samples ?? null,
    loudness: master?.loudness ?? null,
    truePeak: master?.truePeak ?? null,
    outageSamples: master?.outageSamples ?? null,
    chunksExpireAt: expiry.chunksAt,
    expiresAt: expiry.at,
  };
  await db.batch([
    db
      .insert(recordings)
      .values({ id, ...changes })
      .onConflictDoUpdate({ target: recordings.id, set: changes }),
    ...sides.map(({ guildId, channelId, ...side }) =>
      db
        .insert(recordingSides)
        .values({ sessionId: id, guildId, channelId, ...side })
        .onConflictDoUpdate({
          target: [recordingSides.sessionId, recordingSides.guildId, recordingSides.channelId],
          set: side,
        }),
    ),
    ...notes.map(({ text: body, ...note }) =>
      db
        .insert(recordingNotes)
        .values({ ...note, sessionId: id, body })
        .onConflictDoNothing(),
    ),
  ]);
}

/** Keeps objects and people of a recording; some at a time. Idempotent. */
export async function projectParts(
  db: Db,
  sessionId: string,
  parts: { objects: readonly StoredObject[]; people: readonly Person[] },
): Promise<void> {
  // A session whose own row is still on its way, or that only the bucket knows.
  const known = { id: sessionId, mode: 'custom', state: 'ended', requestedAt: Date.now(), recording: true };
  await db.batch([
    db.insert(sessions).values(known).onConflictDoNothing(),
    ...parts.objects.map((object) => upsertObject(db, sessionId, object)),
    ...parts.people.map(({ guildId, userId, name, here: _here, ...rest }) => {
      const changes = { displayName: name, ...rest };
      return db
        .insert(recordingPeople)
        .values({ sessionId, guildId, userId, ...changes })
        .onConflictDoUpdate({
          target: [recordingPeople.sessionId, recordingPeople.guildId, recordingPeople.userId],
          set: changes,
        });
    }),
  ]);
}

function upsertObject(db: Db, sessionId: string, object: StoredObject) {
  const { key, kind, guildId, userId, bytes, sha256, firstSample, samples, at } = object;
  const storedAt = Math.round(at);
  if (kind === 'chunk') {
    const changes = { bytes, sha256, storedAt, lostPackets: object.lostPackets ?? 0 };
    const place = {
      guildId: guildId ?? '',
      userId: userId ?? '',
      firstSample: firstSample ?? 0,
      samples: samples ?? 0,
    };
    return db
      .insert(chunks)
      .values({ key, sessionId, ...place, ...changes })
      .onConflictDoUpdate({ target: chunks.key, set: changes });
  }
  const changes = {
    ...{ bytes, sha256, firstSample: firstSample ?? null, samples: samples ?? null, storedAt },
    ...{ loudness: object.loudness ?? null, truePeak: object.truePeak ?? null, atLimit: object.atLimit ?? null },
  };
  return db
    .insert(recordingObjects)
    .values({ key, sessionId, guildId: guildId ?? null, userId: userId ?? null, kind, ...changes })
    .onConflictDoUpdate({ target: recordingObjects.key, set: changes });
}

/** Who did what with a recording: a row for each object. */
export async function auditRecording(
  db: Db,
  entry: { sessionId: string; actorId: string; action: RecordingAction; keys: readonly string[]; at: number },
): Promise<void> {
  const { keys, ...rest } = entry;
  const [first, ...others] = keys.map((key) => db.insert(recordingAudit).values({ id: ulid(entry.at), key, ...rest }));
  if (first) await db.batch([first, ...others]);
}

/** The rows of chunks go, of everybody or of one. Idempotent. */
export async function dropChunks(db: Db, sessionId: string, userId?: string): Promise<void> {
  const all = eq(chunks.sessionId, sessionId);
  await db.delete(chunks).where(userId === undefined ? all : and(all, eq(chunks.userId, userId)));
}

/** Rows of objects that are there no more. Idempotent. */
export async function dropObjects(db: Db, keys: readonly string[]): Promise<void> {
  const [first, ...others] = keys.map((key) => db.delete(recordingObjects).where(eq(recordingObjects.key, key)));
  if (first) await db.batch([first, ...others]);
}

/** Everything that is kept of one person in a recording goes. Idempotent. */
export async function dropPerson(db: Db, sessionId: string, userId: string): Promise<void> {
  const of = recordingObjects;
  await db.batch([
    db.delete(chunks).where(and(eq(chunks.sessionId, sessionId), eq(chunks.userId, userId))),
    db.delete(of).where(and(eq(of.sessionId, sessionId), eq(of.userId, userId))),
    db.delete(of).where(and(eq(of.sessionId, sessionId), eq(of.kind, 'transcript'))),
    db.delete(recordingPeople).where(and(eq(recordingPeople.sessionId, sessionId), eq(recordingPeople.userId, userId))),
  ]);
}

/** All rows of a recording go, but the audit. Idempotent. */
export async function eraseRecording(db: Db, sessionId: string): Promise<void> {
  await db.batch([
    db.delete(chunks).where(eq(chunks.sessionId, sessionId)),
    ...[recordingObjects, recordingPeople, recordingSides, recordingNotes].map((table) =>
      db.delete(table).where(eq(table.sessionId, sessionId)),
    ),
    db.delete(recordings).where(eq(recordings.id, sessionId)),
  ]);
}

export type ListedRecording = typeof recordings.$inferSelect & {
  sides: (typeof recordingSides.$inferSelect)[];
  people: (typeof recordingPeople.$inferSelect)[];
  notes: (typeof recordingNotes.$inferSelect)[];
};

/** The newest recordings of a channel, of a server, or in which somebody was. */
export async function newestRecordings(
  db: Db,
  of: { channelId: string } | { guildId: string } | { userId: string },
  limit: number,
): Promise<ListedRecording[]> {
  let ids: string[];
  if ('userId' in of) {
    const { sessionId, userId, firstAt } = recordingPeople;
    const rows = await db
      .selectDistinct({ id: sessionId, at: firstAt })
      .from(recordingPeople)
      .where(eq(userId, of.userId))
      .orderBy(desc(firstAt))
      .limit(limit);
    ids = rows.map(({ id }) => id);
  } else {
    const { sessionId, guildId, channelId, startedAt } = recordingSides;
    const rows = await db
      .selectDistinct({ id: sessionId, at: startedAt })
      .from(recordingSides)
      .where('channelId' in of ? eq(channelId, of.channelId) : eq(guildId, of.guildId))
      .orderBy(desc(startedAt))
      .limit(limit);
    ids = rows.map(({ id }) => id);
  }
  return recordingsOf(db, [...new Set(ids)]);
}

/** Recordings by their ids, the newest first. */
export async function recordingsOf(db: Db, ids: readonly string[]): Promise<ListedRecording[]> {
  if (ids.length === 0) return [];
  const wanted = [...ids];
  const [rows, sides, people, notes] = await Promise.all([
    db.select().from(recordings).where(inArray(recordings.id, wanted)).orderBy(desc(recordings.startedAt)),
    db.select().from(recordingSides).where(inArray(recordingSides.sessionId, wanted)),
    db.select().from(recordingPeople).where(inArray(recordingPeople.sessionId, wanted)),
    db.select().from(recordingNotes).where(inArray(recordingNotes.sessionId, wanted)).orderBy(recordingNotes.at),
  ]);
  return rows.map((row) => ({
    ...row,
    sides: sides.filter(({ sessionId }) => sessionId === row.id),
    people: people.filter(({ sessionId }) => sessionId === row.id),
    notes: notes.filter(({ sessionId }) => sessionId === row.id),
  }));
}
