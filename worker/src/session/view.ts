import { type EndSide, endSentence } from '@patchbay/shared/end-reason';
import type { SessionView } from '@patchbay/shared/hub-protocol';
import { isOpenToMonitors } from './changes.ts';
import { isRecorded, privacyOf, type SessionLeg, type SessionRecord } from './record.ts';

export interface StoredObject {
  guildId: string;
  userId: string;
  key: string;
  bytes: number;
}

/** The end as a guild sees it: the session's, or that of its own last leg where the others go on. */
function endOf(record: SessionRecord, guildId: string): Pick<SessionView, 'state' | 'endReason' | 'endMessage'> {
  const { phase } = record;
  if (phase.state === 'ended' || phase.state === 'ending') {
    const by = [...record.legs, ...record.past].find(({ key }) => key === record.endedBy);
    const side: EndSide = by === undefined ? null : by.guildId === guildId ? 'own' : 'other';
    const alone = record.legs.some(({ role }) => role === 'recorder');
    const what = alone ? (record.purpose ?? 'recording') : 'call';
    return { state: phase.state, endReason: phase.reason, endMessage: endSentence(phase.reason, side, what) };
  }
  const isOwn = (leg: SessionLeg) => leg.guildId === guildId;
  // A monitor that had to go along is not the reason.
  const gone = record.past.findLast((leg) => isOwn(leg) && leg.role !== 'monitor') ?? record.past.findLast(isOwn);
  if (!gone || record.legs.some(isOwn)) return { state: phase.state };
  const endReason = gone.endReason ?? 'command';
  return { state: 'ended', endReason, endMessage: endSentence(endReason, 'own') };
}

/** Whose last ten seconds a report can seal, as a guild may know it. */
function sealableOf(record: SessionRecord, guildId: string): Pick<SessionView, 'sealable'> {
  const { legs, sealedAt } = record;
  const sealed = legs.filter((leg) => leg.role !== 'monitor' && privacyOf(record, leg)?.sealable);
  if (sealed.length === 0 && sealedAt === undefined) return {};
  const own = sealed.some((leg) => leg.guildId === guildId);
  return { sealable: { own, ...(sealedAt === undefined ? {} : { sealedAt }) } };
}

/** The session as the people of one guild may see it: own channels with ids, others by name, own people's objects alone. */
export function viewFor(record: SessionRecord, guildId: string, stored: readonly StoredObject[]): SessionView {
  const { phase, timeZero, limits } = record;
  return {
    sessionId: record.id,
    mode: record.mode,
    ...endOf(record, guildId),
    startedAt: timeZero ?? record.requestedAt,
    ...(timeZero !== undefined && limits && limits.seconds > 0 ? { endsAt: timeZero + limits.seconds * 1000 } : {}),
    legs: record.legs.map((leg) => {
      const own = leg.guildId === guildId;
      return {
        guildName: leg.reservation?.guildName ?? 'Another server',
        own,
        ...(own ? { channelId: leg.channelId } : {}),
        state: leg.state,
        ...(leg.daveVersion === undefined ? {} : { daveVersion: leg.daveVersion }),
        role: leg.role,
        ...(record.held.includes(leg.key) ? { held: true } : {}),
      };
    }),
    ...(isOpenToMonitors(record, guildId) ? { openToMonitors: true } : {}),
    recording:
      record.recordingStarted &&
      (phase.state === 'active' || phase.state === 'degraded') &&
      record.legs.some(isRecorded),
    ...sealableOf(record, guildId),
    stored: stored
      .filter((object) => object.guildId === guildId)
      .map(({ userId, key, bytes }) => ({ userId, key, bytes })),
    ...(record.purpose ? { purpose: record.purpose } : {}),
  };
}
