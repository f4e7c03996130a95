import type { SessionView } from '@patchbay/shared/hub-protocol';
import type { SessionRecord } from './record.ts';

export interface StoredObject {
  guildId: string;
  userId: string;
  key: string;
  bytes: number;
}

/** The session as the people of one guild may see it: own channels with ids, others by name, own people's objects alone. */
export function viewFor(record: SessionRecord, guildId: string, stored: readonly StoredObject[]): SessionView {
  const { phase } = record;
  return {
    sessionId: record.id,
    mode: record.mode,
    state: phase.state,
    startedAt: record.timeZero ?? record.requestedAt,
    ...(phase.state === 'ended' || phase.state === 'ending' ? { endReason: phase.reason } : {}),
    legs: record.legs.map((leg) => {
      const own = leg.guildId === guildId;
      return {
        guildName: leg.reservation?.guildName ?? 'Another server',
        own,
        ...(own ? { channelId: leg.channelId } : {}),
        state: leg.state,
        ...(leg.daveVersion === undefined ? {} : { daveVersion: leg.daveVersion }),
      };
    }),
    recording: record.recordingStarted && (phase.state === 'active' || phase.state === 'degraded'),
    stored: stored
      .filter((object) => object.guildId === guildId)
      .map(({ userId, key, bytes }) => ({ userId, key, bytes })),
  };
}
