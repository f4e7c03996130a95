import type { HubEvent, HubEventName, PresenceSnapshot } from '@patchbay/shared/hub-protocol';

/** Any event of the hub, its payload bound to its name. */
export type AnyHubEvent = { [N in HubEventName]: HubEvent<N> }[HubEventName];

/** Who looks: scope `self` sees only their own voice events. */
export interface Viewer {
  userId: string;
  scope: 'self' | 'guild';
}

/** Whose event it is; `null` for events of channels and sessions. */
function subjectOf(event: AnyHubEvent): string | null {
  switch (event.event) {
    case 'voice.joined':
    case 'voice.moved':
    case 'voice.flags':
      return event.payload.member.userId;
    case 'voice.left':
    case 'voice.speaking':
      return event.payload.userId;
    default:
      return null;
  }
}

/** The one decision on who gets which event. Channel permissions of the viewer belong here. */
export function mayReceive(viewer: Viewer, event: AnyHubEvent): boolean {
  return viewer.scope === 'guild' || subjectOf(event) === viewer.userId;
}

/** The part of a snapshot that the viewer may see. */
export function visibleSnapshot(viewer: Viewer, snapshot: PresenceSnapshot): PresenceSnapshot {
  if (viewer.scope === 'guild') return snapshot;
  const members = snapshot.members.filter((member) => member.userId === viewer.userId);
  return { ...snapshot, members, channels: [], sessions: [] };
}
