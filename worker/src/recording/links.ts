/** Links to what is stored, for those who may have them; each is written down. */
import { auditRecording } from '../db/recordings.ts';
import { length } from '../interactions/words.ts';
import { type Asker, mayIn, mayRead } from './access.ts';
import type { RecordingLife } from './life.ts';
import { isCurrent, isFor, type Person, type RecordingRecord, type StoredObject } from './record.ts';

/** A link works for so long. Seconds. */
export const LINK_SECONDS: number = 15 * 60;
/** The most links at once: those of one message. */
const MOST = 25;

export interface RecordingLink {
  key: string;
  kind: StoredObject['kind'];
  /** Whose track it is; empty for what is of all. */
  label: string;
  url: string;
}

export type LinksAnswer =
  | { ok: true; links: RecordingLink[]; samples: number }
  /** `unknown`: there is none, or they may not have it; `making`: its master is not made yet, `percent` of it is. */
  | { ok: false; code: 'unknown' | 'no_bucket' | 'running' | 'nothing' | 'making'; percent?: number };

/** The servers whose sides somebody may have; none: they may have nothing. */
export function grantedGuilds(record: RecordingRecord, people: readonly Person[], asker: Asker): string[] {
  if (record.erasedBy) return [];
  const guilds = [...new Set(record.sides.map(({ guildId }) => guildId))];
  return guilds.filter((guildId) => {
    const sides = record.sides.filter((side) => side.guildId === guildId);
    const there = people.filter((person) => person.guildId === guildId).map(({ userId }) => userId);
    return mayRead(asker, sides, new Set(there));
  });
}

/** May they delete it, or take somebody else out of it? Having been in it is not enough. */
export const mayManage = (
  action: 'recording.delete' | 'recording.erase',
  record: RecordingRecord,
  asker: Asker,
): boolean => mayIn(action, asker, record.sides, new Set());

/**
 * `what`: the mix alone, the tracks too, or one object by its key. `percent`: how far the making of the mix is, where that is known.
 */
export async function links(
  life: RecordingLife,
  asker: Asker,
  { what, percent }: { what: Wanted; percent: number | undefined },
): Promise<LinksAnswer> {
  const { store } = life;
  const record = store.record();
  const granted = record ? grantedGuilds(record, store.people(), asker) : [];
  if (!record || granted.length === 0) return { ok: false, code: 'unknown' };
  const { master } = record;
  if (!isCurrent(record) || !master) {
    const state = life.stateOf(record);
    if (state === 'running') return { ok: false, code: 'running' };
    if (state === 'empty') return { ok: false, code: 'nothing' };
    return { ok: false, code: 'making', ...(percent === undefined ? {} : { percent }) };
  }
  if (!life.bucket) return { ok: false, code: 'no_bucket' };
  const wanted = wantedOf(life, granted, what);
  if (wanted.length === 0) return { ok: false, code: 'unknown' };
  return { ok: true, links: await issue(life, asker.userId, wanted), samples: master.samples };
}

export type Wanted = 'master' | 'all' | { key: string };

function wantedOf(life: RecordingLife, granted: readonly string[], what: Wanted): StoredObject[] {
  const { store } = life;
  if (what === 'master') return store.objects('master');
  if (what === 'all') return objectsFor(life, granted);
  const all = store.objects('master', 'normalised', 'raw', 'mp3', 'transcript');
  return all.filter((object) => object.key === what.key && isFor(object, granted));
}

/** The mix, then the tracks of those servers, in the order in which they begin. */
function objectsFor({ store }: RecordingLife, granted: readonly string[]): StoredObject[] {
  const tracks = store
    .objects('normalised', 'mp3')
    .filter(({ guildId }) => guildId !== undefined && granted.includes(guildId))
    .sort((a, b) => (a.firstSample ?? 0) - (b.firstSample ?? 0));
  return [...store.objects('master'), ...tracks].slice(0, MOST);
}

/** Makes links; nobody gets one that is not in the audit. */
export async function issue(
  life: RecordingLife,
  actorId: string,
  objects: readonly StoredObject[],
): Promise<RecordingLink[]> {
  const { store, bucket } = life;
  const record = store.record();
  if (!record || !bucket) return [];
  const names = new Map(store.people().map(({ userId, name }) => [userId, name]));
  const made = await Promise.all(
    objects.map(async ({ key, kind, userId, firstSample = 0 }): Promise<RecordingLink> => {
      const name = userId === undefined ? '' : `${names.get(userId) || userId} ${length(firstSample / 48)}`;
      const label = kind === 'mp3' ? `${name} (MP3)` : name;
      return { key, kind, label: label.slice(0, 80), url: await bucket.presign(key, LINK_SECONDS) };
    }),
  );
  const { sessionId } = record;
  const keys = made.map(({ key }) => key);
  await auditRecording(life.db, { sessionId, actorId, action: 'link', keys, at: Date.now() });
  return made;
}
