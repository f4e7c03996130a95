/** Who may do what with a stored recording, by the table of `access/roles.ts`. Rights in its channels count as they were: they may be gone. Pure. */
import {
  type ChannelOverwrite,
  channelPermissions,
  type GuildRoles,
  permissionBits,
} from '@patchbay/shared/permissions';
import { PermissionFlagsBits } from 'discord-api-types/v10';
import { type Action, may, type Standing } from '../access/roles.ts';

/** What decided at one instant who could view a channel. `overwrites: null`: not told; administrators alone. */
export interface RecordedSight extends Omit<GuildRoles, 'guildId'> {
  overwrites: ChannelOverwrite[] | null;
}

/** A recorded channel. */
export interface SideSights {
  guildId: string;
  channelId: string;
  /** At the beginning and at the end. */
  sights: readonly RecordedSight[];
}

/** Who asks, as one server knows them. */
export interface Asker {
  userId: string;
  guildId: string;
  /** Their roles there now; `null`: no member, or not known. */
  roles: readonly string[] | null;
  /** They may manage the server: Manage Server, Administrator, or its owner. */
  manages: boolean;
  /** The role that the server names as its staff. */
  staffRole?: string | null;
}

/** What somebody may do in a channel counts of then, and no more than this: the server is managed by those who do so now. */
const OF_THEN = permissionBits.ViewChannel | PermissionFlagsBits.ManageChannels;

/** What somebody with these roles could do in the channel from the beginning of the recording to its end. */
function bitsThen(asker: Asker, { guildId, sights }: SideSights): bigint {
  const { userId, roles } = asker;
  if (roles === null || asker.guildId !== guildId || sights.length === 0) return 0n;
  const hidden = { id: guildId, type: 'role' as const, allow: '0', deny: String(permissionBits.ViewChannel) };
  const bits = sights
    .map(({ overwrites, ...guild }) =>
      channelPermissions({ guildId, ...guild }, { userId, roles }, overwrites ?? [hidden]),
    )
    .reduce((both, each) => both & each, OF_THEN);
  // To Discord, who does not see a channel has no permission in it.
  return (bits & permissionBits.ViewChannel) === 0n ? 0n : bits;
}

/** Could somebody with these roles view the channel from the beginning of the recording to its end? */
export const couldView = (asker: Asker, side: SideSights): boolean => bitsThen(asker, side) !== 0n;

/** Somebody with regard to a recorded channel. Who is known in one server is nobody in another, unless they were recorded. */
function standingOf(asker: Asker, side: SideSights, inRecording: boolean): Standing {
  if (asker.guildId !== side.guildId) return { permissions: 0n, inRecording };
  const { manages, roles, staffRole = null } = asker;
  const permissions = bitsThen(asker, side) | (manages ? permissionBits.ManageGuild : 0n);
  return { permissions, inRecording, roleIds: roles ?? [], staffRole };
}

/**
 * May they do it, by their standing in one of the recorded channels?
 *
 * @param people ids of those who were in the recorded channels
 */
export function mayIn(
  action: Extract<Action, `recording.${string}`>,
  asker: Asker,
  sides: readonly SideSights[],
  people: ReadonlySet<string>,
): boolean {
  return sides.some((side) => may(action, standingOf(asker, side, people.has(asker.userId))));
}

/** May they have it? Whoever was in it, could view one of its channels while it was made, or manages one of its servers. */
export function mayRead(asker: Asker, sides: readonly SideSights[], people: ReadonlySet<string>): boolean {
  return mayIn('recording.read', asker, sides, people);
}
