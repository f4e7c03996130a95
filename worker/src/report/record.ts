/** What is known of one report. Pure. */
import type { NodeEventOf } from '@patchbay/shared/events';
import type { Partner } from '../guild/calls.ts';
import type { Language } from '../interactions/texts/texts.ts';

/** A call that somebody reported. */
export interface ReportedCall {
  reportId: string;
  sessionId: string;
  guildId: string;
  channelId: string;
  userId: string;
  reason: string;
  /** The servers that were on the other sides. */
  partners: Partner[];
  at: number;
}

/** With what the answer to the reporter is edited: Discord takes it for fifteen minutes. */
export interface ReplyHandle {
  token: string;
  language: Language;
}

export type SealedObject = NodeEventOf<'report.sealed'>['objects'][number];

/** How the sealing of a report came out. */
export type SealOutcome =
  /** `sealId`: the report under whose id the objects lie: this one, or an earlier one of the same ten seconds. */
  | { kind: 'sealed'; sealId: string; from: number; to: number; objects: SealedObject[] }
  | { kind: 'failed'; code: string; message: string };

/** Instants in milliseconds. */
export type Sealing =
  /** Nothing could be sealed: the call was over, or nobody can read reports. */
  | { state: 'kept' }
  | { state: 'sealing' }
  | ({ state: 'sealed'; at: number } & Omit<Extract<SealOutcome, { kind: 'sealed' }>, 'kind'>)
  | { state: 'failed'; at: number; code: string; message: string };

export interface ReportRecord {
  call: ReportedCall;
  sealing: Sealing;
  /** Objects and rows go then. */
  expiresAt: number;
  reply?: ReplyHandle;
  /** Tries to delete that failed. */
  attempts: number;
}

/** A link works for so long. Seconds. */
export const LINK_SECONDS: number = 15 * 60;

/** Opens one object of a report. */
export interface ReportLink {
  key: string;
  /** Whose voice it is; absent for the description. */
  userId?: string;
  url: string;
}
export type LinksAnswer =
  | { ok: true; record: ReportRecord; links: ReportLink[] }
  | { ok: false; code: 'gone' | 'no_bucket' };

export const DAY_MS = 86_400_000;

/** @param retentionDays may be a fraction */
export function openedRecord(
  call: ReportedCall,
  { sealing, retentionDays, reply }: { sealing: boolean; retentionDays: number; reply?: ReplyHandle | undefined },
): ReportRecord {
  return {
    call,
    sealing: { state: sealing ? 'sealing' : 'kept' },
    expiresAt: Math.ceil(call.at + retentionDays * DAY_MS),
    ...(reply ? { reply } : {}),
    attempts: 0,
  };
}

/** The record after an outcome: what was sealed stays sealed; a failure is mended by a node that answers late. */
export function settledRecord(record: ReportRecord, outcome: SealOutcome, now: number): ReportRecord {
  const { state } = record.sealing;
  if (state === 'sealed' || (state === 'failed' && outcome.kind === 'failed')) return record;
  const { kind, ...rest } = outcome;
  return { ...record, sealing: { state: kind, at: now, ...rest } as Sealing };
}

/** Without the means to answer the reporter: it is a secret of theirs and of no use later. */
export function withoutReply({ reply: _reply, ...record }: ReportRecord): ReportRecord {
  return record;
}

/** The folders in the bucket that are this report's. */
export function foldersOf({ call, sealing }: ReportRecord): string[] {
  if (sealing.state === 'kept') return [];
  return [...new Set([call.reportId, ...(sealing.state === 'sealed' ? [sealing.sealId] : [])])];
}

/** After so many failed tries to delete, the next one comes after this many milliseconds: a minute up to an hour. */
export const deleteAgainMs = (attempts: number): number => Math.min(3_600_000, 60_000 * 2 ** Math.min(attempts, 6));
