/** The picture of one server, built from the hub's events. Pure: each event makes a new picture. */
import type { AnyVoiceEvent, SessionStats, SessionView, VoiceEvents, VoiceMember } from './protocol.ts';

type Snapshot = VoiceEvents['presence.snapshot'];

export interface Presence extends Snapshot {
  /** Users who speak right now. */
  speaking: ReadonlySet<string>;
  /** Names of everybody seen so far: captions and recordings name people who have left. */
  names: ReadonlyMap<string, string>;
  /** What is live in calls, by session. */
  live: ReadonlyMap<string, SessionStats>;
}

/** An event by name and payload, as far as the picture needs it. */
export type Incoming = AnyVoiceEvent extends infer E
  ? E extends AnyVoiceEvent
    ? Pick<E, 'event' | 'payload'>
    : never
  : never;

/** Sessions kept: those that ended are of interest for a while. */
const MAX_SESSIONS = 20;
/** Captions kept for views that open later. */
const MAX_CAPTIONS = 200;

const without = (members: VoiceMember[], userId: string) => members.filter((member) => member.userId !== userId);

function withMember(presence: Presence, member: VoiceMember): Presence {
  const names = new Map(presence.names).set(member.userId, member.displayName);
  return { ...presence, names, members: [...without(presence.members, member.userId), member] };
}

function withSpeaker(presence: Presence, userId: string, speaks: boolean): Presence {
  const speaking = new Set(presence.speaking);
  if (speaks) speaking.add(userId);
  else speaking.delete(userId);
  return { ...presence, speaking };
}

function withSession(presence: Presence, session: SessionView): Presence {
  const others = presence.sessions.filter(({ sessionId }) => sessionId !== session.sessionId);
  const sessions = [session, ...others].sort((left, right) => right.startedAt - left.startedAt);
  const live = new Map(presence.live);
  if (session.state === 'ended') live.delete(session.sessionId);
  return { ...presence, live, sessions: sessions.slice(0, MAX_SESSIONS) };
}

/** The next picture; unknown before the first snapshot. Events that say nothing about it leave it as it is. */
export function nextPresence(presence: Presence | undefined, { event, payload }: Incoming): Presence | undefined {
  if (event === 'presence.snapshot') {
    const names = new Map(presence?.names);
    for (const { userId, displayName } of payload.members) names.set(userId, displayName);
    return { ...payload, speaking: new Set(), live: new Map(), names };
  }
  if (!presence) return presence;
  switch (event) {
    case 'voice.joined':
    case 'voice.moved':
    case 'voice.flags':
      return withMember(presence, payload.member);
    case 'voice.left':
      return {
        ...withSpeaker(presence, payload.userId, false),
        members: without(presence.members, payload.userId),
      };
    case 'voice.speaking':
      return withSpeaker(presence, payload.userId, payload.speaking);
    case 'channel.state': {
      const { channelId, configured, state } = payload;
      const channels = presence.channels.map((channel) =>
        channel.channelId === channelId ? { ...channel, configured, state } : channel,
      );
      return { ...presence, channels };
    }
    case 'session.stats':
      return { ...presence, live: new Map(presence.live).set(payload.sessionId, payload) };
    case 'caption.final': {
      const { finals = [], states = [] } = presence.captions ?? {};
      return { ...presence, captions: { states, finals: [...finals, payload].slice(-MAX_CAPTIONS) } };
    }
    case 'caption.state': {
      const { finals = [], states = [] } = presence.captions ?? {};
      const others = states.filter(({ channelId }) => channelId !== payload.channelId);
      return { ...presence, captions: { finals, states: [...others, payload] } };
    }
    case 'session.state':
      return withSession(presence, payload.session);
    default:
      return presence;
  }
}

/**
 * What must have happened between two pictures: the events that were missed and cannot be replayed. Without them somebody
 * who dropped out during an outage would be gone from the picture, and nobody would have been told.
 */
export function missedEvents(before: Presence, after: Snapshot): Incoming[] {
  const { guildId } = after;
  const missed: Incoming[] = [];
  for (const { userId, channelId } of before.members) {
    if (after.members.some((member) => member.userId === userId)) continue;
    const cause = { kind: 'unknown', certainty: 0 };
    missed.push({
      event: 'voice.left',
      payload: { guildId, channelId: null, previousChannelId: channelId, userId, cause },
    });
  }
  for (const member of after.members) {
    const old = before.members.find(({ userId }) => userId === member.userId);
    if (!old) missed.push({ event: 'voice.joined', payload: { guildId, member } });
    else if (old.channelId !== member.channelId)
      missed.push({ event: 'voice.moved', payload: { guildId, previousChannelId: old.channelId, member } });
    else if (old.selfMute !== member.selfMute || old.selfDeaf !== member.selfDeaf)
      missed.push({ event: 'voice.flags', payload: { guildId, member } });
  }
  return missed;
}
