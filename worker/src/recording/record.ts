/** What is known of one stored recording. Pure. Instants in milliseconds, samples at 48 kHz from time zero. */
import type { Mode } from '@patchbay/shared/session-spec';
import type { RecordingReport } from '../session/record.ts';
import type { RecordedSight } from './access.ts';
import type { FinaliseOrdered } from './finalising.ts';

/** A recorded channel. */
export interface Side {
  guildId: string;
  guildName: string;
  channelId: string;
  channelName: string;
  startedAt: number;
  /** `null`: it is being recorded. */
  endedAt: number | null;
  /** Who could view it: at the beginning, and at the end. */
  sights: RecordedSight[];
}

/** Somebody who was in a recorded channel. */
export interface Person {
  guildId: string;
  userId: string;
  /** As shown in the server then; empty: not known. */
  name: string;
  firstAt: number;
  lastAt: number;
  /** The recorded channel that they are in now. */
  here: string | null;
  lostPackets?: number;
  spokenSamples?: number;
  missingSamples?: number;
}

export type ObjectKind = 'chunk' | 'normalised' | 'raw' | 'mp3' | 'master' | 'transcript';

/** A stored object. */
export interface StoredObject {
  key: string;
  kind: ObjectKind;
  /** Absent: of all sides. */
  guildId?: string;
  userId?: string;
  bytes: number;
  sha256: string;
  firstSample?: number;
  samples?: number;
  lostPackets?: number;
  loudness?: number | null;
  truePeak?: number | null;
  atLimit?: 'gain' | 'peak';
  /** Of a transcript: the servers whose people were captioned, who alone may have it. */
  guilds?: string[];
  /** Of a fragment: how many times all was made before, in its server. What is not made again is there no more. */
  round?: number;
  at: number;
}

export interface Master {
  key: string;
  /** On the node's clock, and on ours. */
  at: number;
  takenAt: number;
  sha256: string;
  samples: number;
  loudness: number | null;
  truePeak: number | null;
  complete: boolean;
  outageSamples?: number;
  /** A node had not stored its part yet. */
  early: boolean;
}

/** What a node stored of a running recording on request. */
export interface Flushed {
  /** The order that this answers, and the servers that have said so: each tells of its own people. */
  requestId: string;
  guilds: string[];
  /** The first sample that no stored object holds yet. */
  until: number;
  objects: { key: string; userId: string; firstSample: number; samples: number }[];
}

/** Days that objects are kept; 0: for ever. */
export interface Keep {
  chunkDays: number;
  recordingDays: number;
}

/** A message of ours in a channel. */
export interface Post {
  nonce: string;
  /** Where it stands, once it is posted. */
  at?: { channelId: string; messageId: string };
  /** Fingerprint of what it says. */
  shown?: string;
  /** Nothing can be posted. */
  problem?: string;
}

export interface RecordingRecord {
  sessionId: string;
  startedAt: number;
  mode?: Mode;
  timeZero?: number;
  /** The session is over. */
  endedAt?: number;
  sides: Side[];
  /** Nodes that recorded: when each said something of it last, and that all of its part is stored; on its clock. */
  nodes: Record<string, { lastAt: number; sealedAt: number | null }>;
  order?: FinaliseOrdered;
  master?: Master;
  /** People who were taken out. */
  without: string[];
  /** When the last of them was: a master of before is given to nobody. */
  withoutAt?: number;
  /** It is to be made again, of what is stored now. */
  remakeAt?: number;
  /** What each server said last of a master, and how often one was made. */
  made?: Record<string, { eventId: string; rounds: number }>;
  /** A node looked, and the bucket holds nothing of it. */
  emptyAt?: number;
  /** Somebody waits for it: made without nodes that have not stored their part. */
  hurried?: boolean;
  failure?: { code: string; message: string; at: number };
  keep: Keep;
  /** The chunks were deleted. */
  chunksGoneAt?: number;
  /** What was stored on request last, while it runs. */
  flushed?: Flushed;
  /** Reports in channels, by `guild:channel`. */
  posts: Record<string, Post>;
  /** Servers whose addresses were sent a mail. */
  mailed: string[];
  /** All of it is being deleted, by whom; nobody gets anything of it. */
  erasedBy?: string;
  /** Failed tries to delete. */
  attempts: number;
}

export function newRecord(sessionId: string, startedAt: number, keep: Keep): RecordingRecord {
  return { sessionId, startedAt, sides: [], nodes: {}, without: [], keep, posts: {}, mailed: [], attempts: 0 };
}

/** The record with a side that is new, recorded again, or over. */
export function withSide(record: RecordingRecord, side: Side): RecordingRecord {
  const at = record.sides.findIndex((each) => each.guildId === side.guildId && each.channelId === side.channelId);
  const known = record.sides[at];
  if (!known) return { ...record, sides: [...record.sides, side] };
  const merged = { ...known, endedAt: side.endedAt, sights: [...known.sights.slice(0, 1), ...side.sights.slice(-1)] };
  return { ...record, sides: record.sides.map((each, index) => (index === at ? merged : each)) };
}

/** What a node said: it records, has stored something, or is done. */
export function heardOf(record: RecordingRecord, event: RecordingReport): RecordingRecord {
  const known = record.nodes[event.nodeId];
  const put = (node: { lastAt: number; sealedAt: number | null }) => ({
    ...record,
    nodes: { ...record.nodes, [event.nodeId]: node },
  });
  if (event.type === 'recording.started' || event.type === 'recording.chunk.stored') {
    return put({ lastAt: Math.max(known?.lastAt ?? 0, event.at), sealedAt: known?.sealedAt ?? null });
  }
  if (event.type === 'recording.sealed') {
    return put({ lastAt: known?.lastAt ?? 0, sealedAt: Math.max(known?.sealedAt ?? 0, event.at) });
  }
  return record;
}

/** `running`, `finalising`, `ready`, `incomplete` (a part is still to come), `failed`, `empty`. */
export type RecordingState = 'running' | 'finalising' | 'ready' | 'incomplete' | 'failed' | 'empty';

export function stateOf(record: RecordingRecord, hasSound: boolean): RecordingState {
  if (record.endedAt === undefined) return 'running';
  const { master, failure } = record;
  if (!hasSound || (isEmpty(record) && !isCurrent(record))) return 'empty';
  if (!isCurrent(record)) return failure && failure.at > (master?.takenAt ?? 0) ? 'failed' : 'finalising';
  return master?.early ? 'incomplete' : 'ready';
}

/** A node found nothing to make it of, and nothing came since. */
export const isEmpty = ({ emptyAt = 0, withoutAt = 0, remakeAt = 0 }: RecordingRecord): boolean =>
  emptyAt > Math.max(withoutAt, remakeAt);

/** May people of these servers have an object of a recording that they may have a part of? */
export function isFor({ guilds, guildId }: StoredObject, granted: readonly string[]): boolean {
  if (guilds) return guilds.some((each) => granted.includes(each));
  return guildId === undefined || granted.includes(guildId);
}

/** Is there a master that may be given out? */
export function isCurrent({ master, withoutAt }: RecordingRecord): boolean {
  return master !== undefined && master.takenAt > (withoutAt ?? 0);
}

/** The shortest time that one of the servers keeps it; 0 is for ever. */
export function leastKeep(all: readonly Keep[]): Keep {
  const least = (days: readonly number[]) => Math.min(...days.filter((each) => each > 0), Number.POSITIVE_INFINITY);
  const [chunkDays, recordingDays] = [
    least(all.map((each) => each.chunkDays)),
    least(all.map((each) => each.recordingDays)),
  ];
  return {
    chunkDays: Number.isFinite(chunkDays) ? chunkDays : 0,
    recordingDays: Number.isFinite(recordingDays) ? recordingDays : 0,
  };
}
