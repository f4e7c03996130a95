/** From a session's record to the spec that a node runs. Pure. */
import { PatchbayError } from '@patchbay/shared/errors';
import { fullMatrix } from '@patchbay/shared/routing';
import type { RelaySide, Route, SessionSpec, Volume } from '@patchbay/shared/session-spec';
import { captionsSpec } from './captions.ts';
import { isRecorded, type KeyRoute, move, privacyOf, type SessionLeg, type SessionRecord } from './record.ts';

/** A session's first routes: those that its match gives by the index of tickets, else everybody hears everybody. */
export function firstRoutes(keys: readonly string[], byIndex?: readonly (readonly [number, number])[]): KeyRoute[] {
  if (!byIndex) return fullMatrix(keys);
  return byIndex.flatMap(([from, to]): KeyRoute[] => {
    const [source, listener] = [keys[from], keys[to]];
    return source === undefined || listener === undefined || from === to ? [] : [[source, listener]];
  });
}

/** Who hears whom now: a leg on hold hears nobody and is heard by nobody. */
export function presentRoutes(record: Pick<SessionRecord, 'legs' | 'routes' | 'held'>): KeyRoute[] {
  const there = new Set(record.legs.map(({ key }) => key));
  for (const key of record.held) there.delete(key);
  return record.routes.filter(([from, to]) => there.has(from) && there.has(to));
}

/**
 * The sides that relay text now, by key: those that want to, and hear or are heard by another one that does. A monitor and a side
 * on hold never do.
 */
export function presentRelay(record: Pick<SessionRecord, 'legs' | 'routes' | 'held'>): Map<string, RelaySide> {
  const willing = new Map(
    record.legs.flatMap(({ key, role, relay, reservation }): [string, RelaySide][] => {
      const side = relay === undefined ? reservation?.relay : relay;
      return side && role !== 'monitor' ? [[key, side]] : [];
    }),
  );
  const paired = new Set(
    presentRoutes(record)
      .filter((route) => route.every((key) => willing.has(key)))
      .flat(),
  );
  return new Map([...willing].filter(([key]) => paired.has(key)));
}

/** The record of a session whose spec can be sent: legs placed on `nodeId` under these epochs. */
export function placed(
  record: SessionRecord,
  node: { nodeId: string; epochs: Readonly<Record<string, number>> },
  limits: { seconds: number; warnSeconds: number },
  now: number,
): SessionRecord {
  const legs = record.legs.map((leg): SessionLeg => {
    const epoch = node.epochs[leg.reservation?.identityId ?? ''];
    if (epoch === undefined) throw new PatchbayError('leg_not_placed', 'A leg was placed without its identity.');
    return { ...leg, epoch, state: 'connecting' };
  });
  return move({ ...record, legs, limits, nodeId: node.nodeId, timeZero: now, revision: 1 }, { state: 'connecting' });
}

/** When people opted out while the session runs, the earliest of its servers each; before its time zero is long ago. */
function optOutInstants(record: SessionRecord, legs: readonly SessionLeg[]): Pick<SessionSpec, 'optedOutAt'> {
  const instants: Record<string, number> = {};
  for (const [userId, at] of legs.flatMap((leg) => Object.entries(privacyOf(record, leg)?.optedOutAt ?? {}))) {
    instants[userId] = Math.min(at, instants[userId] ?? at);
  }
  const since = Object.entries(instants).filter(([, at]) => at >= (record.timeZero ?? 0));
  return since.length > 0 ? { optedOutAt: Object.fromEntries(since) } : {};
}

/** What the node is asked to run. Legs that have no identity yet are left out; only guilds that allow it are recorded. */
export function specOf(record: SessionRecord): SessionSpec {
  if (record.timeZero === undefined) throw new PatchbayError('session_not_placed', 'The session has no time zero yet.');
  const ready = record.legs.flatMap((leg) =>
    leg.reservation && leg.epoch !== undefined ? [{ ...leg, epoch: leg.epoch, lease: leg.reservation }] : [],
  );
  const legIds = new Map(ready.map(({ key, lease }) => [key, lease.legId]));
  const idOf = (key: string) => legIds.get(key);
  const recorded = ready
    .filter((leg) => isRecorded(leg) && record.purpose !== 'captions')
    .map(({ lease }) => lease.legId);
  const sealable = ready
    .filter((leg) => leg.role !== 'monitor' && privacyOf(record, leg)?.sealable)
    .map(({ lease }) => lease.legId);
  // Somebody who opted out in one server may speak in another's channel: the list is the session's.
  const optedOut = [...new Set(ready.flatMap((leg) => privacyOf(record, leg)?.optedOut ?? []))].sort();
  const optedOutAt = optOutInstants(record, ready);
  const holds = record.held.flatMap((key) => idOf(key) ?? []);
  const relays = presentRelay({ ...record, legs: ready });
  const volumes = (record.volumes ?? []).flatMap(({ key, ...rest }): Volume[] => {
    const legId = key === undefined ? undefined : idOf(key);
    // A leg that has no lease yet is not there to be heard.
    return key !== undefined && legId === undefined ? [] : [{ ...(legId === undefined ? {} : { legId }), ...rest }];
  });
  const captions = captionsSpec(record, ready);
  const required = record.recordRequired ? { required: true } : {};
  const { seconds, warnSeconds } = record.limits ?? { seconds: 0, warnSeconds: 0 };
  return {
    id: record.id,
    revision: record.revision,
    mode: record.mode,
    timeZero: record.timeZero,
    legs: ready.map(({ key, guildId, channelId, role, epoch, lease }) => ({
      legId: lease.legId,
      guildId,
      channelId,
      identityId: lease.identityId,
      epoch,
      role,
      ...(lease.language === undefined ? {} : { language: lease.language }),
      label: lease.guildName,
      ...(relays.has(key) ? { relay: relays.get(key) } : {}),
    })),
    routes: presentRoutes(record).flatMap(([from, to]): Route[] => {
      const [source, listener] = [idOf(from), idOf(to)];
      return source && listener ? [[source, listener]] : [];
    }),
    ...(holds.length > 0 ? { holds } : {}),
    ...(volumes.length > 0 ? { volumes } : {}),
    ...(recorded.length > 0 ? { record: { legs: recorded, ...required } } : {}),
    ...(sealable.length > 0 ? { sealable: { legs: sealable } } : {}),
    ...(captions ? { captions } : {}),
    ...(recorded.length > 0 || sealable.length > 0 || captions ? { optedOut, ...optedOutAt } : {}),
    limits: { seconds, ...(warnSeconds > 0 && warnSeconds < seconds ? { warnSeconds } : {}) },
  };
}
