import type { EndReason } from '@patchbay/shared/end-reason';
import { PatchbayError } from '@patchbay/shared/errors';
import type { NodeEventOf } from '@patchbay/shared/events';
import type { LegSpec, Mode, RelaySide, SessionState } from '@patchbay/shared/session-spec';
import type { SideCaptions } from '../guild/captions/sides.ts';
import type { GuildPrivacy } from '../guild/privacy.ts';
import type { SessionNote } from './notes.ts';

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
  /** Of the node's own words to this side's people. */
  language?: 'en' | 'it';
  /** What this side allows, in seconds; `seconds` 0 = no limit, `null` = as the deployment sets it. */
  limits?: { seconds: number | null; warnSeconds: number | null };
  /** The side's setting: the others learn neither its server's name nor those of its people. */
  anonymous?: boolean;
  /** The guild's setting: may monitors of other guilds listen to this side? */
  allowMonitors?: boolean;
  /** How this side takes part in the text relay; absent or `null`: not at all. */
  relay?: RelaySide | null;
  /** What the guild lets a session do with its people's voices, when the leg was leased. */
  privacy?: GuildPrivacy;
  /** How the guild wanted the side captioned, when the leg was leased. */
  captions?: SideCaptions;
}

export type LegRole = LegSpec['role'];

export interface SessionLeg {
  /** Names the leg within the session, from before it has a lease. */
  key: string;
  /** `null`: not out of the queue. */
  ticketId: string | null;
  guildId: string;
  channelId: string;
  role: LegRole;
  reservation?: LegReservation;
  epoch?: number;
  state: 'requested' | 'connecting' | 'active' | 'degraded' | 'ended';
  daveVersion?: number;
  endReason?: EndReason;
  /** Once this leg is active, the leg with this key goes: a transfer. */
  replaces?: string;
  /** Its server changed this after the leg was asked for: counts before what the reservation says. */
  relay?: RelaySide | null;
  /** Its people had it recorded, or no longer, after the leg was asked for: counts before what the reservation says. */
  record?: boolean;
}

/** `[from, to]` by the keys of legs. */
export type KeyRoute = [from: string, to: string];

/** Louder or softer than spoken: a leg's people (by its key), one person, or one person on one leg. */
export interface KeyVolume {
  key?: string;
  userId?: string;
  volume: number;
}

/** Everything that a session knows of itself. */
export interface SessionRecord {
  id: string;
  pool: string;
  mode: Mode;
  requestedAt: number;
  phase: Phase;
  legs: SessionLeg[];
  /** Legs that the session went on without. */
  past: SessionLeg[];
  /** Who hears whom when nobody is on hold. */
  routes: KeyRoute[];
  /** Keys of legs on hold: they hear nobody and are heard by nobody. */
  held: string[];
  /** Absent: everybody is heard as spoken. */
  volumes?: KeyVolume[];
  revision: number;
  nodeId?: string;
  /** The instant that every position in every file is counted from; saved before the spec is sent. */
  timeZero?: number;
  limits?: { seconds: number; warnSeconds: number };
  /** The guild on whose side the end came up: its ticket does not return when the session was not placed yet. */
  stoppedBy?: string;
  /** Key of the leg on whose side the end came up. */
  endedBy?: string;
  recordingStarted: boolean;
  /** When a report sealed ten seconds last. */
  sealedAt?: number;
  /** What guilds changed about their people's voices while the session runs, by guild. */
  privacy?: Record<string, GuildPrivacy>;
  /** Without a visible notice of its recording the session ends. */
  recordRequired?: boolean;
  /** Marks that people set, in the order of their time. */
  notes?: SessionNote[];
  /** It is there for the captions of one channel, and records nothing. */
  purpose?: 'captions';
  /** What guilds changed about captions while the session runs, by `guild:channel`. */
  captions?: Record<string, SideCaptions>;
  /** Sides that are or were captioned, as `guild:channel`: they get the transcript. */
  captioned?: string[];
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

/** A node has its spec. */
export function isPlaced(record: SessionRecord): boolean {
  return isLive(record) && record.phase.state !== 'requested' && record.phase.state !== 'placing';
}

export function patchLeg(record: SessionRecord, index: number, patch: Partial<SessionLeg>): SessionRecord {
  return { ...record, legs: record.legs.map((leg, at) => (at === index ? { ...leg, ...patch } : leg)) };
}

/** The key of a leg by the id of its lease. */
export function keyOf(record: SessionRecord, legId: string | undefined): string | undefined {
  if (legId === undefined) return undefined;
  return [...record.legs, ...record.past].find((leg) => leg.reservation?.legId === legId)?.key;
}

export type SessionReport = NodeEventOf<'session.connecting' | 'session.active' | 'session.degraded' | 'session.ended'>;
export type RecordingReport = NodeEventOf<
  | 'recording.started'
  | 'recording.chunk.stored'
  | 'recording.fragment.stored'
  | 'recording.master.stored'
  | 'recording.failed'
  | 'recording.sealed'
  | 'recording.flushed'
  | 'recording.coverage'
  | 'recording.noticed'
  | 'transcript.stored'
  | 'report.sealed'
  | 'report.failed'
>;

/**
 * The record after a leg's report; the session follows its legs: active when all were connected, degraded while one that was is
 * not. An end of a leg is noted here and acted upon by the caller. A late report of an ended leg changes nothing.
 */
export function legReported(record: SessionRecord, event: SessionReport): SessionRecord {
  const index = record.legs.findIndex((leg) => leg.reservation?.legId === event.legId && leg.guildId === event.guildId);
  const leg = record.legs[index];
  if (!leg || leg.state === 'ended' || record.phase.state === 'ended') return record;
  if (event.type === 'session.ended') {
    const endedBy = record.endedBy ?? keyOf(record, event.by);
    return {
      ...patchLeg(record, index, { state: 'ended', endReason: event.reason }),
      ...(endedBy === undefined ? {} : { endedBy }),
    };
  }
  const next =
    event.type === 'session.active'
      ? patchLeg(record, index, { state: 'active', daveVersion: event.daveVersion })
      : patchLeg(record, index, { state: event.type === 'session.degraded' ? 'degraded' : 'connecting' });
  return followLegs(next, event.at);
}

/** The session with the state that its legs give it, also when one of them is gone; `at` in milliseconds. */
export function followLegs(record: SessionRecord, at: number): SessionRecord {
  const { phase, legs } = record;
  // A leg that comes later is connecting while the others talk: that degrades nothing.
  const degraded = legs.some((each) => each.state === 'degraded');
  const connected = phase.state !== 'connecting' || legs.every((each) => each.state === 'active');
  if (!degraded && connected && (phase.state === 'connecting' || phase.state === 'degraded')) {
    return move(record, { state: 'active', since: at });
  }
  if (degraded && phase.state === 'active') return move(record, { state: 'degraded', since: at });
  return record;
}

/** Are the people of a leg to be recorded? Only where their server allows it or asked for it, and never those of a monitor. */
export const isRecorded = ({ role, record, reservation }: SessionLeg): boolean =>
  role !== 'monitor' && (record ?? reservation?.record ?? false);

/** What the guild of a leg lets the session do now: the newer of what the lease said and what came since. */
export function privacyOf(record: SessionRecord, { guildId, reservation }: SessionLeg): GuildPrivacy | undefined {
  const [leased, changed] = [reservation?.privacy, record.privacy?.[guildId]];
  return changed && (!leased || changed.version > leased.version) ? changed : leased;
}

/** The servers on the other sides. */
export const partnersOf = (legs: readonly SessionLeg[], guildId: string): string[] => [
  ...new Set(legs.map((leg) => leg.guildId).filter((each) => each !== guildId)),
];

/** Seconds. */
export interface Limits {
  /** 0: until nobody is left. */
  seconds: number;
  /** So long before the end people are warned; 0: never. */
  warnSeconds: number;
}

/** The time of a call: the shortest that a side allows, with the warning of that side. */
export function limitsOf(record: SessionRecord, deployment: Limits): Limits {
  const allowed = record.legs.map(({ reservation }): Limits => {
    const own = reservation?.limits;
    return {
      seconds: own?.seconds ?? deployment.seconds,
      warnSeconds: own?.warnSeconds ?? deployment.warnSeconds,
    };
  });
  const limited = allowed.filter(({ seconds }) => seconds > 0).sort((a, b) => a.seconds - b.seconds);
  return limited[0] ?? { seconds: 0, warnSeconds: 0 };
}

/** Why a session that lost people on one side ends: a call is left, a lone recording is empty. */
export function emptyReason({ legs }: Pick<SessionRecord, 'legs'>): EndReason {
  return legs.filter(({ role }) => role !== 'monitor').length > 1 ? 'user_left' : 'empty';
}

/** How long the legs may take to connect. Milliseconds. */
export function connectTime(
  { legs }: Pick<SessionRecord, 'legs'>,
  settings: { CONNECT_TIMEOUT_MS: number; ALONE_CONNECT_TIMEOUT_MS: number },
): number {
  const alone = legs.filter(({ role }) => role !== 'monitor').length === 1;
  return alone ? settings.ALONE_CONNECT_TIMEOUT_MS : settings.CONNECT_TIMEOUT_MS;
}
