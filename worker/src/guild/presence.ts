import type { NodeEventOf, VoiceMember } from '@patchbay/shared/events';

/** What is known of one member: where they are (`null`: nowhere) as of an instant on the node's clock. */
export interface KnownMember extends Omit<VoiceMember, 'channelId'> {
  channelId: string | null;
  asOf: number;
}

export type PresenceChange =
  | { kind: 'joined'; member: VoiceMember }
  | { kind: 'moved'; member: VoiceMember; previousChannelId: string }
  | { kind: 'flags'; member: VoiceMember }
  | {
      kind: 'left';
      userId: string;
      previousChannelId: string;
      cause: NodeEventOf<'voice.left'>['cause'];
    };

/**
 * What changes when a member is seen in a channel at `at`; `null` when nothing does, or when something newer is known (two
 * identities report one guild, each at its own pace).
 */
export function seen(known: KnownMember | undefined, member: VoiceMember, at: number): PresenceChange | null {
  if (!known || known.channelId === null) return known && known.asOf > at ? null : { kind: 'joined', member };
  if (known.asOf > at) return null;
  if (known.channelId !== member.channelId) return { kind: 'moved', member, previousChannelId: known.channelId };
  const same =
    known.selfMute === member.selfMute &&
    known.selfDeaf === member.selfDeaf &&
    known.displayName === member.displayName &&
    known.bot === member.bot;
  return same ? null : { kind: 'flags', member };
}

/** What changes when a member is reported gone. */
export function gone(
  known: KnownMember | undefined,
  event: Pick<NodeEventOf<'voice.left'>, 'userId' | 'at' | 'cause'>,
): PresenceChange | null {
  if (!known || known.channelId === null || known.asOf > event.at) return null;
  return { kind: 'left', userId: event.userId, previousChannelId: known.channelId, cause: event.cause };
}

/** What changes when the whole picture of a guild as of `at` replaces the known one. */
export function snapshotChanges(
  known: readonly KnownMember[],
  members: readonly VoiceMember[],
  at: number,
): PresenceChange[] {
  const present = new Set(members.map((member) => member.userId));
  const byUser = new Map(known.map((member) => [member.userId, member]));
  const cause = { kind: 'unknown', certainty: 0 } as const;
  const left = known.filter((member) => !present.has(member.userId));
  return [
    ...left.map((member) => gone(member, { userId: member.userId, at, cause })),
    ...members.map((member) => seen(byUser.get(member.userId), member, at)),
  ].filter((change) => change !== null);
}
