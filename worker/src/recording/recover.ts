/** A recording is put together from what the bucket holds of it, also when nothing else knows of it any more. */
import { chunkPrefix } from '@patchbay/shared/object-keys';
import { auditRecording } from '../db/recordings.ts';
import type { RecordingLife } from './life.ts';
import type { RecordingRecord, Side } from './record.ts';

/** Who asks for it: somebody who manages this server, or the operator. */
export interface RecoverRequest {
  sessionId: string;
  actorId: string;
  /** `null`: whoever runs the deployment. */
  guildId: string | null;
}

export type RecoverAnswer =
  | { ok: true; chunks: number }
  | { ok: false; code: 'unknown' | 'no_bucket' | 'still_running' | 'no_chunks' | 'guild_unknown' | 'other_guild' };

/** Chunks that are asked for their metadata: one of each participant is enough to know whose recording it is. */
const LOOKED_AT = 40;

export async function recover(life: RecordingLife, request: RecoverRequest): Promise<RecoverAnswer> {
  const { store, bucket } = life;
  const { sessionId, actorId, guildId } = request;
  if (store.goneId() !== undefined) return { ok: false, code: 'unknown' };
  if (!bucket) return { ok: false, code: 'no_bucket' };
  const known = store.record();
  if (known && guildId !== null && !known.sides.some((side) => side.guildId === guildId)) {
    return { ok: false, code: 'other_guild' };
  }
  if (known && known.endedAt === undefined) return { ok: false, code: 'still_running' };
  const keys = await bucket.listAll(chunkPrefix(sessionId));
  if (keys.length === 0) return { ok: false, code: 'no_chunks' };
  const heads = known ? [] : await headsOf(life, keys);
  if (!known && guildId !== null) {
    const guilds = heads.flatMap(({ metadata }) => metadata['guild-id'] ?? []);
    if (guilds.length === 0) return { ok: false, code: 'guild_unknown' };
    if (!guilds.includes(guildId)) return { ok: false, code: 'other_guild' };
  }
  await auditRecording(life.db, {
    sessionId,
    actorId,
    action: 'recovered',
    keys: [chunkPrefix(sessionId)],
    at: Date.now(),
  });
  life.transaction(() => {
    // Looked at again: it may have been told of, or deleted, meanwhile.
    if (store.goneId() !== undefined) return;
    const record = store.record() ?? rebuilt(life, sessionId, heads);
    life.commit({ ...record, remakeAt: Date.now(), hurried: true });
  });
  return { ok: true, chunks: keys.length };
}

interface Head {
  key: string;
  bytes: number;
  metadata: Record<string, string>;
}

/** What one chunk of each participant says of itself. */
async function headsOf({ bucket }: RecordingLife, keys: readonly string[]): Promise<Head[]> {
  const byUser = new Map(keys.map((key) => [/\/chunks\/(\d+)-/.exec(key)?.[1] ?? key, key]));
  const found: Head[] = [];
  for (const key of [...byUser.values()].slice(0, LOOKED_AT)) {
    const head = await bucket?.head(key);
    if (head) found.push({ key, ...head });
  }
  return found;
}

/** A record of what nobody knows any more. The channel is not known: who manages its servers may have it, and who spoke. */
function rebuilt(life: RecordingLife, sessionId: string, heads: readonly Head[]): RecordingRecord {
  const now = Date.now();
  const { store } = life;
  const timeZero = Number(heads[0]?.metadata['time-zero'] ?? now);
  const guilds = [...new Set(heads.flatMap(({ metadata }) => metadata['guild-id'] ?? []))];
  for (const { key, bytes, metadata } of heads) {
    const guildId = metadata['guild-id'] ?? '';
    const userId = metadata['user-id'] ?? '';
    const [firstSample, samples] = [Number(metadata['first-sample'] ?? 0), Number(metadata.samples ?? 0)];
    const sha256 = metadata.sha256 ?? '';
    const lostPackets = Number(metadata['lost-packets'] ?? 0);
    store.putObject({ key, kind: 'chunk', guildId, userId, bytes, sha256, firstSample, samples, lostPackets, at: now });
    const firstAt = Math.round(timeZero + firstSample / 48);
    const lastAt = Math.round(firstAt + samples / 48);
    store.putPerson({ guildId, userId, name: '', firstAt, lastAt, here: null });
  }
  const sides = guilds.map((guildId): Side => {
    const about = { guildId, guildName: '', channelId: '', channelName: '', sights: [] };
    return { ...about, startedAt: Math.round(timeZero), endedAt: now };
  });
  const record = life.recordOf(sessionId, timeZero);
  if (!record) throw new Error('a deleted recording is not rebuilt');
  return { ...record, timeZero, endedAt: now, sides };
}
