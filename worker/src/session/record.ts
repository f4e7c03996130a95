import type { EndReason } from '@patchbay/shared/end-reason';
import { PatchbayError } from '@patchbay/shared/errors';
import type { NodeEventOf } from '@patchbay/shared/events';
import { fullMatrix } from '@patchbay/shared/routing';
import type { Mode, SessionSpec, SessionState } from '@patchbay/shared/session-spec';

/** The life of a session; each state carries what only it knows. Instants in milliseconds. */
export type Phase =
  | { state: 'requested' }
  | { state: 'placing' }
  | { state: 'connecting' }
  | { state: 'active'; since: number }
  | { state: 'degraded'; since: number }
  | { state: 'ending'; reason: EndReason; since: number }
  | { state: 'ended'; reason: EndReason; at: number };

/** Which state may follow which. */
export const transitions: Record<SessionState, readonly SessionState[]> = {
  requested: ['placing', 'ended'],
  placing: ['connecting', 'ended'],
  connecting: ['active', 'ending', 'ended'],
  active: ['degraded', 'ending', 'ended'],
  degraded: ['active', 'ending', 'ended'],
  ending: ['ended'],
  ended: [],
};

export interface LegReservation {
  legId: string;
  identityId: string;
  guildName: string;
  /** The guild's setting: may this side be recorded? */
  record: boolean;
  /** What this side allows, in seconds; `seconds` 0 = no limit, `null` = as the deployment sets it. */
  limits?: { seconds: number | null; warnSeconds: number };
}

export interface SessionLeg {
  ticketId: string;
  guildId: string;
  channelId: string;
  reservation?: LegReservation;
  epoch?: number;
  state: 'requested' | 'connecting' | 'active' | 'degraded' | 'ended';
  daveVersion?: number;
  endReason?: EndReason;
}

/** Everything that a session knows of itself. */
export interface SessionRecord {
  id: string;
  pool: string;
  mode: Mode;
  requestedAt: number;
  phase: Phase;
  legs: SessionLeg[];
  revision: number;
  nodeId?: string;
  /** The instant that every position in every file is counted from; saved before the spec is sent. */
  timeZero?: number;
  /** The guild on whose side the end came up: its ticket does not return when the session was not placed yet. */
  stoppedBy?: string;
  recordingStarted: boolean;
}

/** @throws {PatchbayError} `session_transition` for a step that the table does not allow */
export function move(record: SessionRecord, phase: Phase): SessionRecord {
  if (!transitions[record.phase.state].includes(phase.state)) {
    throw new PatchbayError(
      'session_transition',
      `A session does not go from ${record.phase.state} to ${phase.state}.`,
    );
  }
  return { ...record, phase };
}

/** Still on its way or running: neither ending nor ended. */
export function isLive(record: SessionRecord): boolean {
  return record.phase.state !== 'ending' && record.phase.state !== 'ended';
}

export function patchLeg(record: SessionRecord, index: number, patch: Partial<SessionLeg>): SessionRecord {
  return { ...record, legs: record.legs.map((leg, at) => (at === index ? { ...leg, ...patch } : leg)) };
}

export type SessionReport = NodeEventOf<'session.connecting' | 'session.active' | 'session.degraded' | 'session.ended'>;
export type RecordingReport = NodeEventOf<'recording.started' | 'recording.chunk.stored' | 'recording.failed'>;

/**
 * The record after a leg's report; the session follows its legs: active when all are, degraded when one that was is not.
 * An end of a leg is noted here and acted upon by the caller. A late report of an ended leg changes nothing.
 */
export function legReported(record: SessionRecord, event: SessionReport): SessionRecord {
  const index = record.legs.findIndex((leg) => leg.reservation?.legId === event.legId && leg.guildId === event.guildId);
  const leg = record.legs[index];
  if (!leg || leg.state === 'ended' || record.phase.state === 'ended') return record;
  if (event.type === 'session.ended') return patchLeg(record, index, { state: 'ended', endReason: event.reason });
  const next =
    event.type === 'session.active'
      ? patchLeg(record, index, { state: 'active', daveVersion: event.daveVersion })
      : patchLeg(record, index, { state: event.type === 'session.degraded' ? 'degraded' : 'connecting' });
  const allActive = next.legs.every((each) => each.state === 'active');
  if (allActive && (next.phase.state === 'connecting' || next.phase.state === 'degraded')) {
    return move(next, { state: 'active', since: event.at });
  }
  if (!allActive && next.phase.state === 'active') return move(next, { state: 'degraded', since: event.at });
  return next;
}

/** The record of a session whose spec can be sent: legs placed on `nodeId` under these epochs. */
export function placed(
  record: SessionRecord,
  nodeId: string,
  epochs: Readonly<Record<string, number>>,
  now: number,
): SessionRecord {
  const legs = record.legs.map((leg): SessionLeg => {
    const epoch = epochs[leg.reservation?.identityId ?? ''];
    if (epoch === undefined) throw new PatchbayError('leg_not_placed', 'A leg was placed without its identity.');
    return { ...leg, epoch, state: 'connecting' };
  });
  return move({ ...record, legs, nodeId, timeZero: now, revision: 1 }, { state: 'connecting' });
}

/** The time of a call in seconds: the shortest that a side allows; 0 = until nobody is left. */
export function limitOf(record: SessionRecord, deploymentSeconds: number): number {
  const allowed = record.legs.map((leg) => leg.reservation?.limits?.seconds ?? deploymentSeconds);
  const limited = allowed.filter((seconds) => seconds > 0);
  return limited.length > 0 ? Math.min(...limited) : 0;
}

/** What the node is asked to run. Only legs of guilds that allow it are recorded. */
export function specOf(record: SessionRecord, limitSeconds: number): SessionSpec {
  if (record.timeZero === undefined) throw new PatchbayError('session_not_placed', 'The session has no time zero yet.');
  const legs = record.legs.map((leg) => {
    if (!leg.reservation || leg.epoch === undefined) {
      throw new PatchbayError('session_not_placed', 'A leg of the session has no identity yet.');
    }
    const { legId, identityId } = leg.reservation;
    return {
      legId,
      guildId: leg.guildId,
      channelId: leg.channelId,
      identityId,
      epoch: leg.epoch,
      role: 'party' as const,
    };
  });
  const recorded = record.legs.flatMap((leg) => (leg.reservation?.record ? [leg.reservation.legId] : []));
  return {
    id: record.id,
    revision: record.revision,
    mode: record.mode,
    timeZero: record.timeZero,
    legs,
    routes: fullMatrix(legs.map((leg) => leg.legId)),
    ...(recorded.length > 0 ? { record: { legs: recorded, optedOut: [] } } : {}),
    limits: { seconds: limitSeconds },
  };
}

/** Why a session that lost people on one side ends: a call is left, a lone recording is empty. */
export function emptyReason(record: SessionRecord): EndReason {
  return record.legs.length > 1 ? 'user_left' : 'empty';
}
