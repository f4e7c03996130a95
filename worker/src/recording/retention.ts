/** How long what is kept: chunks from the making of the master, everything from the end of the recording. Pure. */
import { isCurrent, type RecordingRecord } from './record.ts';

const DAY_MS = 86_400_000;
/** Servers are asked so often whether they keep recordings for longer or shorter by now. Milliseconds. */
export const LOOK_MS = DAY_MS;

export interface Expiry {
  /** `null`: not as things stand. */
  chunksAt: number | null;
  at: number | null;
}

/** Chunks stay as long as there is no whole master: they are all that there is of what is missing in it. */
export function expiryOf(record: RecordingRecord): Expiry {
  const { endedAt, master, keep, chunksGoneAt } = record;
  if (endedAt === undefined) return { chunksAt: null, at: null };
  const at = keep.recordingDays > 0 ? Math.ceil(endedAt + keep.recordingDays * DAY_MS) : null;
  const whole = isCurrent(record) && master && !master.early ? master : undefined;
  const wanted = whole && keep.chunkDays > 0 && chunksGoneAt === undefined;
  return { chunksAt: wanted ? Math.ceil(Math.max(whole.takenAt, endedAt) + keep.chunkDays * DAY_MS) : null, at };
}

/** When to look next; `null`: nothing is kept for a limited time, and no server was asked. */
export function nextLook(record: RecordingRecord, now: number): number {
  const { chunksAt, at } = expiryOf(record);
  return Math.min(now + LOOK_MS, chunksAt ?? Number.POSITIVE_INFINITY, at ?? Number.POSITIVE_INFINITY);
}

/** After so many failed tries to delete, the next one comes after this: a minute up to an hour. Milliseconds. */
export const deleteAgainMs = (attempts: number): number => Math.min(3_600_000, 60_000 * 2 ** Math.min(attempts, 6));
