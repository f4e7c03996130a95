/** What of a session's live facts the channels of one guild may know: delays, and who speaks of those they hear. Pure. */
import type { SessionStats } from '@patchbay/shared/control-messages';
import type { SessionLeg, SessionRecord } from './record.ts';
import { presentRoutes } from './spec.ts';

/** Who speaks in one leg, as its own server names them. */
export interface LegSpeakers {
  /** The server does not want to be known: nor do its people. */
  anonymous: boolean;
  /** By user id; people who have just left are missing. */
  names: Record<string, string>;
}

/** What a channel's panel and page show of its call beside the state. */
export interface LegLive {
  channelId: string;
  /** Names of those who speak in the channels that are heard here. */
  speaking: string[];
  /** How many more speak whose names are not to be told. */
  unnamed: number;
  /** Added delay of what is heard here, ms. */
  delayMs?: number;
}

/** More names than these are counted. */
const MOST_NAMES = 8;

/** The legs in which somebody spoke lately, with those people's ids. */
export function speakingLegs(record: SessionRecord, stats: SessionStats): { leg: SessionLeg; userIds: string[] }[] {
  return stats.legs.flatMap(({ legId, spoke }) => {
    const leg = record.legs.find(({ reservation }) => reservation?.legId === legId);
    return leg && spoke.length > 0 ? [{ leg, userIds: spoke }] : [];
  });
}

/** The channels of a guild; `speakers` by the keys of legs. A leg on hold hears nobody. */
export function liveFor(
  record: SessionRecord,
  guildId: string,
  stats: SessionStats,
  speakers: ReadonlyMap<string, LegSpeakers>,
): LegLive[] {
  const routes = presentRoutes(record);
  const speaking = speakingLegs(record, stats);
  return record.legs
    .filter((leg) => leg.guildId === guildId)
    .map(({ key, channelId, reservation }) => {
      const names: string[] = [];
      let unnamed = 0;
      for (const { leg, userIds } of speaking) {
        if (!routes.some(([from, to]) => from === leg.key && to === key)) continue;
        const known = speakers.get(leg.key);
        const hidden = !known || ((known.anonymous || leg.reservation?.anonymous === true) && leg.guildId !== guildId);
        for (const userId of userIds) {
          const name = hidden ? undefined : known.names[userId];
          if (name === undefined || names.length >= MOST_NAMES) unnamed += 1;
          else names.push(name);
        }
      }
      const delayMs = stats.legs.find(({ legId }) => legId === reservation?.legId)?.delayMs;
      return { channelId, speaking: names.sort(), unnamed, ...(delayMs === undefined ? {} : { delayMs }) };
    });
}
