/** Who gets which event, and what of it. The one decision for live events, replays and snapshots. Pure. */
import type { HubEvent, HubEventName, PresenceSnapshot, SessionView } from '@patchbay/shared/hub-protocol';
import type { Sight, Viewer } from '../access/sight.ts';
import type { Published } from './items.ts';

/** Any event of the hub, its payload bound to its name. */
export type AnyHubEvent = { [N in HubEventName]: HubEvent<N> }[HubEventName];

/** Whose event it is; `null` for events of channels and sessions. */
export function subjectOf(event: AnyHubEvent): string | null {
  switch (event.event) {
    case 'voice.joined':
    case 'voice.moved':
    case 'voice.flags':
      return event.payload.member.userId;
    case 'voice.left':
    case 'voice.cause':
    case 'voice.speaking':
      return event.payload.userId;
    default:
      return null;
  }
}

/** An event as this viewer gets it; `null` when it is none of theirs. Of their own place in voice everybody may know. */
export function shownTo(viewer: Viewer, sight: Sight, published: Published): AnyHubEvent | null {
  if (subjectOf(published.event) === viewer.userId) return published.event;
  return viewer.scope === 'self' ? null : shownAs(sight, published);
}

/** An event of somebody else as it looks to those with this sight. */
export function shownAs(sight: Sight, { event, audience = [] }: Published): AnyHubEvent | null {
  const sees = (channelId: string | null) => channelId !== null && sight.channels.has(channelId);
  switch (event.event) {
    case 'voice.joined':
    case 'voice.flags':
      return sees(event.payload.member.channelId) ? event : null;
    case 'voice.moved':
      return movedAs(sight, event);
    case 'voice.left':
      return sees(event.payload.previousChannelId) ? event : null;
    case 'voice.cause': {
      // Of a move out of sight only a leave was told: its cause would tell that it was a move.
      const { previousChannelId, channelId } = event.payload;
      return sees(previousChannelId) && (channelId === null || sees(channelId)) ? event : null;
    }
    case 'voice.speaking':
    case 'channel.state':
      return sees(event.payload.channelId) ? event : null;
    case 'session.state': {
      const session = sessionAs(sight, event.payload.session, audience);
      return session && { ...event, payload: { ...event.payload, session } };
    }
    case 'session.stats': {
      const legs = event.payload.legs.filter(({ channelId }) => sees(channelId));
      return legs.length > 0 ? { ...event, payload: { ...event.payload, legs } } : null;
    }
    case 'caption.partial':
    case 'caption.final':
    case 'caption.state':
      return sees(event.payload.channelId) ? event : null;
    case 'session.warning':
    case 'recording.progress':
    case 'recording.coverage':
      return audience.some(sees) ? event : null;
    case 'presence.snapshot':
      return null; // made for one viewer, never published
  }
}

/** Into a channel out of sight is a leave; out of one is a join. */
function movedAs({ channels }: Sight, event: HubEvent<'voice.moved'>): AnyHubEvent | null {
  const { guildId, previousChannelId, member } = event.payload;
  const [from, to] = [channels.has(previousChannelId), channels.has(member.channelId)];
  if (from && to) return { ...event };
  if (to) return { ...event, event: 'voice.joined', payload: { guildId, member } };
  if (!from) return null;
  const cause = { kind: 'unknown', certainty: 0 };
  const payload = { guildId, channelId: null, previousChannelId, userId: member.userId, cause };
  return { ...event, event: 'voice.left', payload };
}

/**
 * A session for those who may see one of its channels here. The partners' sides are named as their settings allow, by whoever made
 * the view; of own channels out of sight no id is told, and of recordings nothing unless all own channels may be seen.
 */
function sessionAs({ channels }: Sight, session: SessionView, audience: readonly string[]): SessionView | null {
  if (!audience.some((channelId) => channels.has(channelId))) return null;
  if (audience.every((channelId) => channels.has(channelId))) return session;
  const legs = session.legs.map(({ channelId, ...leg }) => {
    return channelId !== undefined && channels.has(channelId) ? { ...leg, channelId } : leg;
  });
  return { ...session, legs, stored: [] };
}

const NO_CAPTIONS: Pick<PresenceSnapshot, 'captions'> = { captions: { finals: [], states: [] } };

/** What was said in channels that may be seen. */
function captionsAs(
  channels: ReadonlySet<string>,
  captions: PresenceSnapshot['captions'],
): Pick<PresenceSnapshot, 'captions'> {
  const seen = ({ channelId }: { channelId: string }) => channels.has(channelId);
  if (!captions) return NO_CAPTIONS;
  return { captions: { finals: captions.finals.filter(seen), states: captions.states.filter(seen) } };
}

/** The part of a snapshot that the viewer may see. */
export function visibleSnapshot(
  viewer: Viewer,
  { channels }: Sight,
  picture: { snapshot: PresenceSnapshot; audiences: Record<string, string[]> },
): PresenceSnapshot {
  const { snapshot, audiences } = picture;
  const own = snapshot.members.filter((member) => member.userId === viewer.userId);
  if (viewer.scope === 'self') return { ...snapshot, members: own, channels: [], sessions: [], ...NO_CAPTIONS };
  return {
    ...snapshot,
    channels: snapshot.channels.filter(({ channelId }) => channels.has(channelId)),
    members: snapshot.members.filter(({ channelId, userId }) => channels.has(channelId) || userId === viewer.userId),
    sessions: snapshot.sessions.flatMap((session) => {
      return sessionAs({ channels, key: '' }, session, audiences[session.sessionId] ?? []) ?? [];
    }),
    ...captionsAs(channels, snapshot.captions),
  };
}
