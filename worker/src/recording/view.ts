/** A recording as somebody may know it who may have a part of it. */
import type { Asker } from './access.ts';
import type { RecordingLife } from './life.ts';
import { grantedGuilds } from './links.ts';
import { isCurrent, isFor, type ObjectKind, type RecordingState } from './record.ts';
import { expiryOf } from './retention.ts';

/** How far the storing or making of a recording is. */
export interface Progress {
  stage: string;
  percent: number;
}

/** Instants in ms since the epoch, samples at 48 kHz from time zero. */
export interface RecordingView {
  sessionId: string;
  state: RecordingState;
  startedAt: number;
  endedAt: number | null;
  timeZero: number | null;
  samples: number | null;
  loudness: number | null;
  truePeak: number | null;
  progress: Progress | null;
  chunksExpireAt: number | null;
  expiresAt: number | null;
  channels: { guildId: string; channelId: string; name: string }[];
  people: { userId: string; name: string; firstAt: number; lastAt: number; lostPackets: number | null }[];
  /** Of these servers; `at`: ms from time zero. As they were typed: whoever shows them escapes them. */
  notes: { at: number; userId: string; text: string }[];
  /** Mix, tracks and transcripts; links to them are given one by one. */
  objects: {
    key: string;
    kind: ObjectKind;
    userId: string | null;
    bytes: number;
    firstSample: number;
    samples: number;
  }[];
}

/** `null`: they may know nothing of it. People and tracks of sides that they may not have are left out. */
export function viewOf(life: RecordingLife, asker: Asker, progress: Progress | undefined): RecordingView | null {
  const { store } = life;
  const record = store.record();
  const people = store.people();
  const granted = record ? grantedGuilds(record, people, asker) : [];
  if (!record || granted.length === 0) return null;
  const { sessionId, startedAt, endedAt = null, timeZero = null, master, sides } = record;
  const { chunksAt, at } = expiryOf(record);
  const current = isCurrent(record) ? master : undefined;
  const made = current ? store.objects('master', 'normalised', 'raw', 'mp3', 'transcript') : [];
  return {
    ...{ sessionId, state: life.stateOf(record), startedAt, endedAt, timeZero, progress: progress ?? null },
    ...{ samples: current?.samples ?? null, loudness: current?.loudness ?? null, truePeak: current?.truePeak ?? null },
    ...{ chunksExpireAt: chunksAt, expiresAt: at },
    channels: sides
      .filter(({ guildId }) => granted.includes(guildId))
      .map(({ guildId, channelId, channelName: name }) => ({ guildId, channelId, name })),
    people: people
      .filter(({ guildId }) => granted.includes(guildId))
      .map(({ userId, name, firstAt, lastAt, lostPackets = null }) => ({ userId, name, firstAt, lastAt, lostPackets })),
    notes: store
      .notes()
      .filter(({ guildId }) => granted.includes(guildId))
      .map(({ at, userId, text }) => ({ at: at - (timeZero ?? startedAt), userId, text })),
    objects: made
      .filter((object) => isFor(object, granted))
      .map(({ key, kind, userId = null, bytes, firstSample = 0, samples = 0 }) => {
        return { key, kind, userId, bytes, firstSample, samples };
      }),
  };
}
