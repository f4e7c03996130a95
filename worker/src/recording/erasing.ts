/** Deleting: all of a recording, its chunks, or one person. What has to go is noted first, and looked for until nothing is left. */
import { PatchbayError } from '@patchbay/shared/errors';
import { chunkPrefix, partialPrefix, recordingPrefix } from '@patchbay/shared/object-keys';
import { auditRecording, dropChunks, dropPerson, eraseRecording } from '../db/recordings.ts';
import { guildOf } from '../env.ts';
import type { Asker } from './access.ts';
import type { RecordingLife } from './life.ts';
import { grantedGuilds, mayManage } from './links.ts';
import { leastKeep, type RecordingRecord } from './record.ts';
import { deleteAgainMs, expiryOf } from './retention.ts';

export type EraseAnswer =
  | { ok: true }
  | { ok: false; code: 'unknown' | 'not_yours' | 'erase_self' | 'still_running' | 'not_in_it' | 'nothing_left' };

/** What is stored without any word of it is looked for once more after this. Milliseconds. */
const SWEEP_MS = 24 * 3_600_000;
/** Who deletes when the time is over. */
export const RETENTION_ACTOR = 'retention';

const no = (code: Extract<EraseAnswer, { ok: false }>['code']): EraseAnswer => ({ ok: false, code });

/** Somebody deletes all of it. */
export function erase(life: RecordingLife, asker: Asker): EraseAnswer {
  const record = life.store.record();
  if (!record || record.erasedBy || grantedGuilds(record, life.store.people(), asker).length === 0)
    return no('unknown');
  if (!mayManage('recording.delete', record, asker)) return no('not_yours');
  if (record.endedAt === undefined) return no('still_running');
  life.transaction(() => beginErasing(life, record, asker.userId));
  return { ok: true };
}

/** From now on nobody gets anything of it. */
export function beginErasing(life: RecordingLife, record: RecordingRecord, actorId: string): void {
  const { order: _order, ...rest } = record;
  life.store.put({ ...rest, erasedBy: actorId, attempts: 0 });
  for (const name of ['order', 'seal', 'retention']) life.deadlines.clear(name);
  life.deadlines.set('erase', Date.now());
}

/** Deletes what is to be deleted: first the objects, then the rows. Comes again until that succeeded. */
export async function eraseAll(life: RecordingLife): Promise<void> {
  const { store, deadlines } = life;
  const record = store.record();
  const sessionId = record?.erasedBy ? record.sessionId : store.goneId();
  if (sessionId === undefined) return;
  // Set first: a crash in the middle must not be the end of it.
  deadlines.set('erase', Date.now() + deleteAgainMs(record?.attempts ?? 0));
  await deadlines.arm();
  try {
    await bucketOf(life).deleteBelow(recordingPrefix(sessionId));
    if (record) {
      await eraseRecording(life.db, sessionId);
      const entry = { sessionId, actorId: record.erasedBy ?? RETENTION_ACTOR, at: Date.now() };
      await auditRecording(life.db, { ...entry, action: 'erased', keys: [recordingPrefix(sessionId)] });
    }
  } catch (error) {
    console.error(`recording ${sessionId}: cannot be deleted yet`, error);
    if (record) store.put({ ...record, attempts: record.attempts + 1 });
    return;
  }
  life.transaction(() => {
    if (record) store.forget(sessionId);
    for (const name of ['order', 'seal', 'retention', 'erase']) deadlines.clear(name);
    // A node that was cut off may store something and never come to say so.
    if (record) deadlines.set('erase', Date.now() + SWEEP_MS);
  });
}

/** Looks whether something's time is over, by what the servers have set up now. */
export async function retain(life: RecordingLife, now: number): Promise<void> {
  const before = life.store.record();
  if (!before || before.endedAt === undefined || before.erasedBy) return;
  life.deadlines.set('retention', now + deleteAgainMs(before.attempts));
  await life.deadlines.arm();
  try {
    const guilds = [...new Set(before.sides.map(({ guildId }) => guildId))];
    const rules = await Promise.all(guilds.map((guildId) => guildOf(life.env, guildId).recordingRules()));
    const keep = rules.length > 0 ? leastKeep(rules.map((each) => each.keep)) : before.keep;
    const record = { ...(life.store.record() ?? before), keep };
    const { chunksAt, at } = expiryOf(record);
    if (at !== null && at <= now) {
      life.transaction(() => beginErasing(life, record, RETENTION_ACTOR));
      return;
    }
    const chunksGo = chunksAt !== null && chunksAt <= now;
    if (chunksGo) await eraseChunks(life, record.sessionId);
    const newest = life.store.record() ?? record;
    const gone = chunksGo ? { chunksGoneAt: now } : {};
    life.transaction(() => {
      if (chunksGo) life.store.dropObjects('chunk');
      life.commit({ ...newest, keep, ...gone, attempts: 0 });
    });
  } catch (error) {
    console.error(`recording ${before.sessionId}: its retention has to wait`, error);
    const record = life.store.record();
    if (record) life.store.put({ ...record, attempts: record.attempts + 1 });
  }
}

async function eraseChunks(life: RecordingLife, sessionId: string): Promise<void> {
  const folders = [chunkPrefix(sessionId), partialPrefix(sessionId)];
  for (const folder of folders) await bucketOf(life).deleteBelow(folder);
  await dropChunks(life.db, sessionId);
  const entry = { sessionId, actorId: RETENTION_ACTOR, action: 'erased' as const, keys: folders };
  await auditRecording(life.db, { ...entry, at: Date.now() });
}

/** Takes a person out: themselves, or as somebody who manages their server. Nobody gets the master until it is made anew. */
export function erasePerson(life: RecordingLife, asker: Asker, userId: string): EraseAnswer {
  const { store } = life;
  const record = store.record();
  const people = store.people();
  if (!record || record.erasedBy || grantedGuilds(record, people, asker).length === 0) return no('unknown');
  const self = asker.userId === userId;
  if (!self && !mayManage('recording.erase', record, asker)) return no('erase_self');
  if (record.endedAt === undefined) return no('still_running');
  // Who manages one server says nothing about the people of the other.
  const person = people.find((each) => each.userId === userId && (self || each.guildId === asker.guildId));
  if (!person && !record.without.includes(userId)) return no('not_in_it');
  if (!store.has('chunk', 'raw')) return no('nothing_left');
  life.transaction(() => {
    for (const kind of ['chunk', 'normalised', 'raw', 'mp3'] as const) store.dropObjects(kind, userId);
    store.dropObjects('transcript');
    store.dropPerson(userId);
    life.outbox.add(`person:${userId}`, { kind: 'erasePerson', userId, actorId: asker.userId });
    life.commit({ ...record, without: [...new Set([...record.without, userId])], withoutAt: Date.now() });
  });
  return { ok: true };
}

/** Deletes everything of a person that the bucket holds, and looks that nothing is left. */
export async function removePerson(life: RecordingLife, userId: string, actorId: string): Promise<void> {
  const record = life.store.record();
  if (!record) return;
  const { sessionId } = record;
  const bucket = bucketOf(life);
  const all = await bucket.listAll(recordingPrefix(sessionId));
  // What was said by whom is in the transcripts, too; finalising makes them anew.
  const own = all.filter((key) => {
    const name = key.slice(key.lastIndexOf('/') + 1);
    return new RegExp(`^(FULL-|RAW-)?${userId}-\\d+\\.`).test(name) || name.startsWith('transcript-');
  });
  for (const key of own) await bucket.delete(key);
  await dropPerson(life.db, sessionId, userId);
  const entry = { sessionId, actorId, action: 'erased' as const, at: Date.now() };
  await auditRecording(life.db, { ...entry, keys: own.length > 0 ? own : [`${recordingPrefix(sessionId)}#${userId}`] });
}

function bucketOf(life: RecordingLife) {
  const { bucket } = life;
  if (bucket) return bucket;
  throw new PatchbayError('no_bucket', 'The S3_ settings of the Worker are missing: what must go cannot be deleted.');
}
