/** Reports of a running session: one seal for those that come together, and what came of it for each of them. */
import type { NodeEventOf } from '@patchbay/shared/events';
import type { SealOutcome } from '../report/record.ts';
import type { Lifecycle } from './lifecycle.ts';
import { isPlaced } from './record.ts';
import { specOf } from './spec.ts';

/** Reports of one session that come within so long of each other share one seal. Milliseconds. */
export const SEAL_SHARED_MS = 10_000;

export interface SealRequest {
  reportId: string;
  /** The server in which it was reported, and by whom. */
  guildId: string;
  userId: string;
  at: number;
}

/** The seal of one or more reports; `sealId` is the first one's id. */
export interface StoredSeal {
  sealId: string;
  at: number;
  members: string[];
  outcome: SealOutcome | null;
}

export const failed = (code: string, message: string): SealOutcome => ({ kind: 'failed', code, message });

/** Asks the node to seal the last ten seconds, or joins a report that just did. Idempotent. */
export function seal(life: Lifecycle, request: SealRequest): void {
  const { store } = life;
  const { reportId } = request;
  const tell = (outcome: SealOutcome) => life.owe(`report:${reportId}`, { kind: 'report', reportId, outcome });
  const seals = store.seals();
  if (seals.some(({ members }) => members.includes(reportId))) return;
  const record = store.record();
  if (!record || !isPlaced(record)) {
    tell(failed('session_over', 'The call was over: what had been said was forgotten with it.'));
    return;
  }
  if (!specOf(record).sealable) {
    tell(failed('sealing_off', 'No side of this call lets reports seal what was said.'));
    return;
  }
  const now = Date.now();
  // One that failed cost nothing: somebody may speak now.
  const shared = seals.find(({ at, outcome }) => now - at < SEAL_SHARED_MS && outcome?.kind !== 'failed');
  if (shared) {
    store.putSeal({ ...shared, members: [...shared.members, reportId] });
    if (shared.outcome) tell(shared.outcome);
    return;
  }
  store.putSeal({ sealId: reportId, at: now, members: [reportId], outcome: null });
  life.owe('fleet', { kind: 'seal', ...request });
}

/** How a seal came out: told to each report that shares it. */
export function sealSettled(life: Lifecycle, sealId: string, outcome: SealOutcome): void {
  const known = life.store.seals().find((each) => each.sealId === sealId);
  if (known) life.store.putSeal({ ...known, outcome });
  for (const reportId of known?.members ?? [sealId]) {
    life.owe(`report:${reportId}`, { kind: 'report', reportId, outcome });
  }
}

/** The node's word on a seal; both sides see on their panels that there was one. */
export function sealReported(life: Lifecycle, event: NodeEventOf<'report.sealed' | 'report.failed'>): void {
  const { reportId } = event;
  if (event.type === 'report.failed') {
    sealSettled(life, reportId, failed(event.code, event.message));
    return;
  }
  const { from, to, objects } = event;
  sealSettled(life, reportId, { kind: 'sealed', sealId: reportId, from, to, objects });
  const record = life.store.record();
  if (record) life.commit({ ...record, sealedAt: Math.round(to) });
}
