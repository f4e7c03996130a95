/** What may be changed in a running session, and what it is afterwards. Pure: every refusal has a code and a sentence. */
import { fullMatrix, isStillACall } from '@patchbay/shared/routing';
import type { RelaySide } from '@patchbay/shared/session-spec';
import { isPlaced, type KeyRoute, type LegRole, type SessionLeg, type SessionRecord } from './record.ts';

/** The most legs of a session. */
export const MAX_LEGS = 8;

/** A leg that shall join a running session. */
export interface NewLeg {
  guildId: string;
  channelId: string;
  role: Extract<LegRole, 'party' | 'staff' | 'monitor'>;
}

export interface Refusal {
  ok: false;
  code: string;
  /** Says what to do. */
  message: string;
  /** What the sentence names, for those who say it in another language. */
  values?: Record<string, string>;
}
export type ChangeAnswer = { ok: true; legId?: string } | Refusal;

const refuse = (code: string, message: string): Refusal => ({ ok: false, code, message });

export const legOf = (record: SessionRecord, legId: string): SessionLeg | undefined =>
  record.legs.find((leg) => leg.reservation?.legId === legId);

/** The leg of a channel that is in the session already. */
export const legAt = (record: SessionRecord, at: { guildId: string; channelId: string }): SessionLeg | undefined =>
  record.legs.find(({ guildId, channelId }) => guildId === at.guildId && channelId === at.channelId);

/** Why nothing can be changed now; `null` when it can. */
export function changeRefusal(record: SessionRecord | null): Refusal | null {
  if (!record || !isPlaced(record))
    return refuse('session_over', 'This call is over or not connected yet. Try again later.');
  return null;
}

/** Why this leg may not join; `null` when it may. */
export function attachRefusal(record: SessionRecord, leg: NewLeg): Refusal | null {
  if (record.legs.some(({ role }) => role === 'recorder')) {
    return refuse('recording_alone', 'A recording has one channel. Start a call, or another recording.');
  }
  if (!record.legs.some(({ guildId, role }) => guildId === leg.guildId && role !== 'monitor')) {
    return refuse('not_your_call', 'Only channels of servers that take part in a call can be added to it.');
  }
  if (record.legs.length >= MAX_LEGS) {
    return refuse('session_full', `A call has at most ${MAX_LEGS} channels. Let one leave first.`);
  }
  if (leg.role !== 'monitor') return null;
  const against = record.legs.find(
    ({ guildId, role, reservation }) =>
      guildId !== leg.guildId && role !== 'monitor' && reservation?.allowMonitors !== true,
  );
  if (!against) return null;
  const name = against.reservation?.guildName ?? 'The other server';
  const message = `${name} does not allow monitors. Its moderators can: /monitors allow.`;
  return { ...refuse('monitors_not_allowed', message), values: { server: name } };
}

/** May a channel of this guild listen in now? Legs that only want to join do not count: a try that fails changes nothing. */
export function isOpenToMonitors(record: SessionRecord, guildId: string): boolean {
  if (record.phase.state !== 'active' && record.phase.state !== 'degraded') return false;
  const legs = record.legs.filter(({ state }) => state !== 'requested');
  return attachRefusal({ ...record, legs }, { guildId, channelId: '', role: 'monitor' }) === null;
}

/** Monitors whose guild would have no other channel in the session without the leg `key`: they may not listen any longer. */
export function orphanedMonitors(record: SessionRecord, key: string): SessionLeg[] {
  const others = record.legs.filter((leg) => leg.key !== key);
  const guilds = new Set(others.flatMap(({ guildId, role }) => (role === 'monitor' ? [] : [guildId])));
  return others.filter(({ guildId, role }) => role === 'monitor' && !guilds.has(guildId));
}

/** The routes of a leg that joins: a monitor hears everybody who talks, everybody else talks with all who do. */
export function routesOf(record: SessionRecord, key: string, role: NewLeg['role']): KeyRoute[] {
  const speaking = record.legs.filter((leg) => leg.role !== 'monitor' && leg.key !== key).map((leg) => leg.key);
  if (role === 'monitor') return speaking.map((from): KeyRoute => [from, key]);
  const monitors = record.legs.filter((leg) => leg.role === 'monitor').map((leg): KeyRoute => [key, leg.key]);
  return [...fullMatrix([key, ...speaking]).filter((route) => route.includes(key)), ...monitors];
}

/** The record with a leg that wants to join; it has no lease yet. */
export function withLeg(record: SessionRecord, leg: NewLeg, key: string, replaces?: string): SessionRecord {
  const { guildId, channelId, role } = leg;
  const added: SessionLeg = { key, ticketId: null, guildId, channelId, role, state: 'requested' };
  return {
    ...record,
    legs: [...record.legs, replaces === undefined ? added : { ...added, replaces }],
    routes: [...record.routes, ...routesOf(record, key, role)],
  };
}

/** The record without a leg. A leg that had a lease is remembered: its guild gets the lease back. */
export function withoutLeg(record: SessionRecord, key: string, endReason: SessionLeg['endReason']): SessionRecord {
  const leg = record.legs.find((each) => each.key === key);
  if (!leg) return record;
  const past: SessionLeg = { ...leg, state: 'ended', ...(endReason ? { endReason } : {}) };
  return {
    ...record,
    legs: record.legs.filter((each) => each.key !== key),
    past: leg.reservation ? [...record.past.filter((each) => each.channelId !== leg.channelId), past] : record.past,
    routes: record.routes.filter((route) => !route.includes(key)),
    held: record.held.filter((each) => each !== key),
    ...(record.volumes ? { volumes: record.volumes.filter((each) => each.key !== key) } : {}),
  };
}

/** Whether the session is still a call without this leg: if not, its end is the end of the session. */
export function goesOnWithout(record: SessionRecord, key: string): boolean {
  const left = record.legs.filter((leg) => leg.key !== key && leg.state !== 'ended' && leg.state !== 'requested');
  return isStillACall(
    left.map((leg) => ({ legId: leg.key, role: leg.role })),
    record.routes,
  );
}

/** A new matrix by leg ids. */
export function rerouted(
  record: SessionRecord,
  routes: readonly (readonly [string, string])[],
): SessionRecord | Refusal {
  const next: KeyRoute[] = [];
  for (const [from, to] of routes) {
    const [source, listener] = [legOf(record, from), legOf(record, to)];
    if (!source || !listener) return refuse('leg_unknown', 'A route names a channel that is not in this call.');
    if (source === listener) return refuse('route_to_self', 'Nobody hears themselves: leave that route out.');
    if (source.role === 'monitor') return refuse('monitor_speaks', 'A monitor only listens: leave routes from it out.');
    next.push([source.key, listener.key]);
  }
  return { ...record, routes: next };
}

/** A leg goes on hold, or comes back. */
export function onHold(record: SessionRecord, legId: string, on: boolean): SessionRecord | Refusal {
  const leg = legOf(record, legId);
  if (!leg) return refuse('leg_unknown', 'That channel is not in this call.');
  if (leg.role === 'monitor') return refuse('monitor_hold', 'A monitor cannot be put on hold; it can be removed.');
  if (record.held.includes(leg.key) === on) return record;
  return { ...record, held: on ? [...record.held, leg.key] : record.held.filter((key) => key !== leg.key) };
}

/** A side takes part in the text relay in another way from now on. */
export function relayed(
  record: SessionRecord,
  at: { guildId: string; channelId: string },
  relay: RelaySide | null,
): SessionRecord {
  const leg = legAt(record, at);
  if (!leg || JSON.stringify(leg.relay) === JSON.stringify(relay)) return record;
  return { ...record, legs: record.legs.map((each) => (each === leg ? { ...each, relay } : each)) };
}

/** A side's people are recorded from now on, or no longer. */
export function withRecording(
  record: SessionRecord,
  at: { guildId: string; channelId: string },
  on: boolean,
): SessionRecord {
  const leg = legAt(record, at);
  if (!leg || leg.record === on) return record;
  return { ...record, legs: record.legs.map((each) => (each === leg ? { ...each, record: on } : each)) };
}

/** The most volumes that are set at once. */
const MAX_VOLUMES = 64;

/** How loud a leg's people are heard, or one person on every leg, or one person on one leg; 1 takes it back. */
export function withVolume(
  record: SessionRecord,
  { legId, userId, volume }: { legId?: string | undefined; userId?: string | undefined; volume: number },
): SessionRecord | Refusal {
  const key = legId === undefined ? undefined : legOf(record, legId)?.key;
  if (legId !== undefined && key === undefined) return refuse('leg_unknown', 'That channel is not in this call.');
  const known = record.volumes ?? [];
  const others = known.filter((each) => each.key !== key || each.userId !== userId);
  if (volume === 1) return others.length === known.length ? record : { ...record, volumes: others };
  if (others.length >= MAX_VOLUMES) {
    return refuse('volumes_full', `A call has at most ${MAX_VOLUMES} volumes. Set one of them back to 1 first.`);
  }
  const set = { ...(key === undefined ? {} : { key }), ...(userId === undefined ? {} : { userId }), volume };
  return { ...record, volumes: [...others, set] };
}

/** Why a leg may not be handed on to another channel; `null` when it may. */
export function transferRefusal(record: SessionRecord, fromLegId: string, to: NewLeg): Refusal | null {
  const from = legOf(record, fromLegId);
  if (!from || from.role === 'monitor') return refuse('leg_unknown', 'That channel is not in this call.');
  if (from.guildId !== to.guildId) {
    return refuse('transfer_abroad', 'A call can be handed on within one server only.');
  }
  return attachRefusal(record, to);
}
