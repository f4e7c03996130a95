/** What of a session is captioned, who hears whose words, and who gets the transcript. Pure but for what is owed. */
import type { NodeEventOf } from '@patchbay/shared/events';
import type { CaptionsSpec } from '@patchbay/shared/session-spec';
import type { ForeignCaption } from '../guild/captions/events.ts';
import type { SideCaptions } from '../guild/captions/sides.ts';
import type { Lifecycle } from './lifecycle.ts';
import { isLive, isPlaced, type SessionLeg, type SessionRecord } from './record.ts';
import { presentRoutes } from './spec.ts';

type Place = Pick<SessionLeg, 'guildId' | 'channelId'>;
const placeOf = ({ guildId, channelId }: Place) => `${guildId}:${channelId}`;

/** How the guild of a leg wants it captioned now: the newer of what the lease said and what came since. */
function sideOf(record: SessionRecord, leg: SessionLeg): SideCaptions | undefined {
  const [leased, changed] = [leg.reservation?.captions, record.captions?.[placeOf(leg)]];
  return changed && (!leased || changed.version > leased.version) ? changed : leased;
}

/** The record with what a guild changed; the same record when it knows that or something newer. */
export function withSide(record: SessionRecord, at: Place, captions: SideCaptions): SessionRecord {
  const known = record.captions?.[placeOf(at)];
  if (known && known.version >= captions.version) return record;
  return { ...record, captions: { ...record.captions, [placeOf(at)]: captions } };
}

/**
 * The legs that are captioned: those whose own guild wants it, and those whose guild lets another one that hears them have it.
 * Monitors never are.
 */
function captionedLegs(record: SessionRecord): { leg: SessionLeg; side: SideCaptions }[] {
  const sides = record.legs.flatMap((leg) => {
    const side = sideOf(record, leg);
    return leg.role === 'monitor' || !leg.reservation || !side ? [] : [{ leg, side }];
  });
  const routes = presentRoutes(record);
  return sides.filter(({ leg, side }) => {
    if (side.on || !side.partners) return side.on;
    const wants = sides.filter((other) => other.side.on && other.leg.guildId !== leg.guildId);
    return wants.some((other) => routes.some(([from, to]) => from === leg.key && to === other.leg.key));
  });
}

/** What the node is asked to caption; undefined: nothing. `ready`: the legs of the spec. */
export function captionsSpec(record: SessionRecord, ready: readonly SessionLeg[]): CaptionsSpec | undefined {
  const keys = new Set(ready.map(({ key }) => key));
  const captioned = captionedLegs(record).filter(({ leg }) => keys.has(leg.key));
  if (captioned.length === 0) return undefined;
  const languages = Object.assign({}, ...captioned.map(({ side }) => side.languages)) as Record<string, string>;
  return {
    legs: captioned.map(({ leg, side: { language, keyterms, prerecorded } }) => ({
      legId: leg.reservation?.legId ?? '',
      language,
      keyterms,
      prerecorded,
    })),
    ...(Object.keys(languages).length > 0 ? { languages } : {}),
  };
}

/** Notes which sides have been captioned since the session runs. */
export function noteCaptioned(record: SessionRecord): SessionRecord {
  if (record.timeZero === undefined) return record;
  const known = record.captioned ?? [];
  const fresh = captionedLegs(record).map(({ leg }) => placeOf(leg));
  const captioned = [...new Set([...known, ...fresh])];
  return captioned.length === known.length ? record : { ...record, captioned };
}

/** The channels of other guilds that hear a side. */
export function hearers(record: SessionRecord, at: Place): { guildId: string; channelId: string }[] {
  const from = record.legs.find((leg) => placeOf(leg) === placeOf(at));
  const keys = presentRoutes(record).flatMap(([source, to]) => (source === from?.key ? [to] : []));
  return record.legs.flatMap(({ key, guildId, channelId }) =>
    keys.includes(key) && guildId !== at.guildId ? [{ guildId, channelId }] : [],
  );
}

/** A guild changed how its side is captioned: the node learns of it at once. Idempotent. */
export function changeCaptions(life: Lifecycle, at: Place, captions: SideCaptions): void {
  const record = life.store.record();
  const next = record && isLive(record) ? withSide(record, at, captions) : record;
  if (!next || next === record) return;
  if (isPlaced(next)) life.revise(next);
  else life.commit(next);
}

/** What somebody said on one side goes on to the sides that hear it; also when it comes after the end. */
export function passCaption(life: Lifecycle, from: Place, caption: ForeignCaption, at: number): void {
  const record = life.store.record();
  for (const to of record ? hearers(record, from) : []) {
    life.owe(`guild:${to.guildId}`, { kind: 'caption', ...to, caption, at });
  }
}

/** Whoever was captioned gets the transcript of all; where the session knows of none, the guild that tells of it does. */
export function transcriptStored(life: Lifecycle, event: NodeEventOf<'transcript.stored'>): void {
  const record = life.store.record();
  if (!record) return;
  const { sessionId, objects, live, prerecorded } = event;
  const own = [...record.legs, ...record.past].filter(({ guildId }) => guildId === event.guildId).map(placeOf);
  for (const place of record.captioned ?? own.slice(0, 1)) {
    const [guildId = '', channelId = ''] = place.split(':');
    const transcript = { sessionId, objects, live, prerecorded };
    life.owe(`guild:${guildId}`, { kind: 'transcript', guildId, channelId, transcript });
  }
}
