/** The picture of one guild, built from the hub's events. Pure: each event makes a new state. */
import type { HubEventName, HubEvents, PresenceSnapshot, SessionView } from '@patchbay/shared/hub-protocol';

export interface GuildState extends PresenceSnapshot {
  /** Users who speak right now. */
  speaking: ReadonlySet<string>;
  /** Names of everybody seen so far: recordings name people who have left. */
  names: ReadonlyMap<string, string>;
  /** What is live in calls, by session. */
  live: ReadonlyMap<string, HubEvents['session.stats']>;
}

type Incoming = { [N in HubEventName]: { event: N; payload: HubEvents[N] } }[HubEventName];
type Member = PresenceSnapshot['members'][number];

function withMember(state: GuildState, member: Member): GuildState {
  const names = new Map(state.names).set(member.userId, member.displayName);
  return { ...state, names, members: [...state.members.filter(({ userId }) => userId !== member.userId), member] };
}

function withSession(state: GuildState, session: SessionView): GuildState {
  const others = state.sessions.filter(({ sessionId }) => sessionId !== session.sessionId);
  const live = new Map(state.live);
  if (session.state === 'ended') live.delete(session.sessionId);
  return {
    ...state,
    live,
    sessions: [session, ...others].sort((left, right) => right.startedAt - left.startedAt).slice(0, 20),
  };
}

/** The next state; unknown before the first snapshot. Event names that a newer server sends are left alone. */
export function nextState(state: GuildState | undefined, incoming: Incoming): GuildState | undefined {
  if (incoming.event === 'presence.snapshot') {
    const present = incoming.payload.members.map(({ userId, displayName }) => [userId, displayName] as const);
    return {
      ...incoming.payload,
      speaking: new Set(),
      live: new Map(),
      names: new Map([...(state?.names ?? []), ...present]),
    };
  }
  if (!state) return state;
  switch (incoming.event) {
    case 'voice.joined':
    case 'voice.moved':
    case 'voice.flags':
      return withMember(state, incoming.payload.member);
    case 'voice.left': {
      const { userId } = incoming.payload;
      const speaking = new Set([...state.speaking].filter((other) => other !== userId));
      return { ...state, speaking, members: state.members.filter((member) => member.userId !== userId) };
    }
    case 'voice.speaking': {
      const speaking = new Set(state.speaking);
      if (incoming.payload.speaking) speaking.add(incoming.payload.userId);
      else speaking.delete(incoming.payload.userId);
      return { ...state, speaking };
    }
    case 'channel.state': {
      const { channelId, configured, state: channelState } = incoming.payload;
      const channels = state.channels.map((channel) =>
        channel.channelId === channelId ? { ...channel, configured, state: channelState } : channel,
      );
      return { ...state, channels };
    }
    case 'session.stats':
      return { ...state, live: new Map(state.live).set(incoming.payload.sessionId, incoming.payload) };
    case 'session.state':
      return withSession(state, incoming.payload.session);
    default:
      return state;
  }
}
