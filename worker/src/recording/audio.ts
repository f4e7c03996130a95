/** Reading a recording while it is made: which stored objects hold a span of it. */
import { ulid } from 'ulid';
import { fleetOf } from '../env.ts';
import type { Asker } from './access.ts';
import type { RecordingLife } from './life.ts';
import { grantedGuilds, issue } from './links.ts';
import type { Flushed, RecordingRecord, StoredObject } from './record.ts';

/** So long a request waits for the voice node to store what it has. Milliseconds. */
const FLUSH_MS = 6_000;
/** Objects of one answer. */
const MOST = 500;
const SAMPLES_PER_MS = 48;

/** Times in ms from time zero. */
export interface AudioRequest {
  from: number;
  /** Absent: up to now. */
  to?: number | undefined;
  /** Of one person alone. */
  userId?: string | undefined;
}

export interface AudioPart {
  key: string;
  userId: string;
  /** Samples at 48 kHz from time zero. */
  firstSample: number;
  samples: number;
  url: string;
}

export type AudioAnswer =
  /** `until`: everything before it is stored, ms from time zero. */
  | { ok: true; until: number; parts: AudioPart[] }
  /** `later`: the voice node has not said yet that it is stored. */
  | { ok: false; code: 'unknown' | 'no_bucket' | 'later' };

/** The objects that hold a part of a span, by person and place. What a chunk holds is not taken from a partial one. Pure. */
export function covering(
  stored: readonly StoredObject[],
  partial: readonly StoredObject[],
  { from, to }: { from: number; to: number },
): StoredObject[] {
  const end = ({ firstSample = 0, samples = 0 }: StoredObject) => firstSample + samples;
  const meets = (object: StoredObject) => (object.firstSample ?? 0) < to && end(object) > from;
  const fresh = partial.filter(
    (part) =>
      !stored.some(
        ({ userId, ...chunk }) =>
          userId === part.userId && (chunk.firstSample ?? 0) <= (part.firstSample ?? 0) && end(chunk) >= end(part),
      ),
  );
  return [...stored, ...fresh]
    .filter(meets)
    .sort((a, b) => (a.userId ?? '').localeCompare(b.userId ?? '') || (a.firstSample ?? 0) - (b.firstSample ?? 0));
}

/** Waits for the voice node's word on what it stored; one order for all who ask at a time. */
export class Flushing {
  readonly #life: RecordingLife;
  #pending: { requestId: string; done: Promise<boolean>; settle: (stored: boolean) => void } | undefined;

  constructor(life: RecordingLife) {
    this.#life = life;
  }

  /** `false`: it did not say so in time. */
  async ask(sessionId: string): Promise<boolean> {
    this.#pending ??= this.#order(sessionId);
    return this.#pending.done;
  }

  /** The node has said so. */
  settle(requestId: string): void {
    if (this.#pending?.requestId === requestId) this.#pending.settle(true);
  }

  /** The node could not. */
  fail(): void {
    this.#pending?.settle(false);
  }

  #order(sessionId: string) {
    const requestId = ulid();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), FLUSH_MS);
    const done = promise.finally(() => {
      clearTimeout(timer);
      this.#pending = undefined;
    });
    fleetOf(this.#life.env)
      .flush({ v: 1, type: 'recording.flush', sessionId, requestId })
      .then(
        (told) => !told && resolve(false),
        (error: unknown) => {
          console.warn('recording: its node could not be asked to store', error);
          resolve(false);
        },
      );
    return { requestId, done, settle: resolve };
  }
}

/** The part of a recording between two instants, for somebody who may have it. */
export async function audio(
  life: RecordingLife,
  flushing: Flushing,
  asker: Asker,
  request: AudioRequest,
): Promise<AudioAnswer> {
  const { store } = life;
  const before = store.record();
  if (!before || grantedGuilds(before, store.people(), asker).length === 0) return { ok: false, code: 'unknown' };
  if (!life.bucket) return { ok: false, code: 'no_bucket' };
  const zero = before.timeZero ?? before.startedAt;
  const now = Math.max(0, Date.now() - zero);
  const to = Math.min(request.to ?? now, now) * SAMPLES_PER_MS;
  const running = before.endedAt === undefined;
  if (running && storedUntil(life, before) < to && !(await flushing.ask(before.sessionId))) {
    return { ok: false, code: 'later' };
  }
  const record = store.record() ?? before;
  const granted = grantedGuilds(record, store.people(), asker);
  const chunks = store.objects('chunk');
  const mine = (object: StoredObject) =>
    object.guildId !== undefined &&
    granted.includes(object.guildId) &&
    (request.userId === undefined || object.userId === request.userId);
  // Chunks are kept for some days; then there are the tracks as received.
  const stored = (chunks.length > 0 ? chunks : store.objects('raw')).filter(mine);
  const partial = partialObjects(life, record).filter(mine);
  const wanted = covering(stored, partial, { from: request.from * SAMPLES_PER_MS, to }).slice(0, MOST);
  const links = await issue(life, asker.userId, wanted);
  const parts = wanted.flatMap(({ key, userId = '', firstSample = 0, samples = 0 }, index): AudioPart[] => {
    const url = links[index]?.url;
    return url ? [{ key, userId, firstSample, samples, url }] : [];
  });
  const until = (running ? storedUntil(life, record) : to) / SAMPLES_PER_MS;
  return { ok: true, until: Math.floor(until), parts };
}

/** The first sample that no stored object holds: everybody's chunks end at the same instants. */
function storedUntil({ store }: RecordingLife, { flushed }: RecordingRecord): number {
  const ends = store.objects('chunk').map(({ firstSample = 0, samples = 0 }) => firstSample + samples);
  return ends.reduce((last, end) => Math.max(last, end), flushed?.until ?? 0);
}

/** What was flushed last, with whose side it is. */
function partialObjects({ store }: RecordingLife, { flushed }: RecordingRecord): StoredObject[] {
  const guilds = new Map(store.people().map(({ userId, guildId }) => [userId, guildId]));
  return (flushed?.objects ?? []).map(({ userId, ...object }): StoredObject => {
    const guildId = guilds.get(userId);
    return { ...object, userId, kind: 'chunk', bytes: 0, sha256: '', at: 0, ...(guildId ? { guildId } : {}) };
  });
}

/** What a node flushed; of people who were taken out nothing is kept. */
export function flushedOf(
  before: Flushed | undefined,
  { requestId, guildId, until, objects }: Omit<Flushed, 'guilds'> & { guildId: string },
  without: readonly string[],
): { flushed: Flushed; unwanted: string[] } {
  const kept = objects.filter(({ userId }) => !without.includes(userId));
  const unwanted = objects.filter(({ userId }) => without.includes(userId)).map(({ key }) => key);
  const same = before?.requestId === requestId ? before : undefined;
  // Each server of a call tells of its own people.
  const others = (same?.objects ?? []).filter(({ key }) => !kept.some((each) => each.key === key));
  const guilds = [...new Set([...(same?.guilds ?? []), guildId])];
  return { flushed: { requestId, guilds, until, objects: [...others, ...kept] }, unwanted };
}

/** Have all servers that are being recorded told what was flushed? */
export const isFlushed = ({ flushed, sides }: RecordingRecord): boolean =>
  sides.every(({ guildId, endedAt }) => endedAt !== null || flushed?.guilds.includes(guildId) === true);
