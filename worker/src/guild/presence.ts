import type { NodeEventOf, VoiceMember } from '@patchbay/shared/events';

/** What is known of one member: where they are (`null`: nowhere) as of an instant on the clock of the node that said it. */
export interface KnownMember extends Omit<VoiceMember, 'channelId'> {
  channelId: string | null;
  asOf: number;
  nodeId: string;
}

/** Who says it, and when by its own clock. */
export interface Reported {
  nodeId: string;
  at: number;
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

/** So far apart the clocks of two nodes may be. Milliseconds. */
export const SKEW_MS = 2_000;

/**
 * Is a report of one change older than what is known? A node's own reports come in order, whatever its clock does; those of
 * another node may be late.
 */
function isOld(known: KnownMember | undefined, { nodeId, at }: Reported): boolean {
  return known !== undefined && known.nodeId !== nodeId && known.asOf > at + SKEW_MS;
}

/** A whole picture of another node, taken at about the time of the last change, may be from before it: its deltas will tell. */
function isDoubtful(known: KnownMember | undefined, { nodeId, at }: Reported): boolean {
  return known !== undefined && known.nodeId !== nodeId && known.asOf > at - SKEW_MS;
}

/** What changes when a member is seen in a channel; `null` when nothing does, or when something newer is known. */
export function seen(
  known: KnownMember | undefined,
  member: VoiceMember,
  by: Reported,
  old: typeof isOld = isOld,
): PresenceChange | null {
  if (old(known, by)) return null;
  if (!known || known.channelId === null) return { kind: 'joined', member };
  if (known.channelId !== member.channelId) return { kind: 'moved', member, previousChannelId: known.channelId };
  return stateOf({ ...known, channelId: known.channelId }) === stateOf(member) ? null : { kind: 'flags', member };
}

/** What changes when a member is reported gone. */
export function gone(
  known: KnownMember | undefined,
  event: Pick<NodeEventOf<'voice.left'>, 'userId' | 'cause'>,
  by: Reported,
  old: typeof isOld = isOld,
): PresenceChange | null {
  if (!known || known.channelId === null || old(known, by)) return null;
  return { kind: 'left', userId: event.userId, previousChannelId: known.channelId, cause: event.cause };
}

/** What changes when the whole picture of a guild replaces the known one. */
export function snapshotChanges(
  known: readonly KnownMember[],
  members: readonly VoiceMember[],
  by: Reported,
): PresenceChange[] {
  const present = new Set(members.map((member) => member.userId));
  const byUser = new Map(known.map((member) => [member.userId, member]));
  const cause = { kind: 'unknown', certainty: 0 } as const;
  const left = known.filter((member) => !present.has(member.userId));
  return [
    ...left.map((member) => gone(member, { userId: member.userId, cause }, by, isDoubtful)),
    ...members.map((member) => seen(byUser.get(member.userId), member, by, isDoubtful)),
  ].filter((change) => change !== null);
}

/** Everything that browsers see of a member in voice, as a text to compare; empty for one who is not there. */
export function stateOf(member: VoiceMember | null): string {
  if (!member) return '';
  const { channelId, displayName, bot, selfMute, selfDeaf, serverMute = false, serverDeaf = false } = member;
  return JSON.stringify([channelId, displayName, bot, selfMute, selfDeaf, serverMute, serverDeaf]);
}
