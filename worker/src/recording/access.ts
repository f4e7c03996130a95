/** Who may have a stored recording. Rights count as they were while it was made: the channel may be gone by now. Pure. */
import {
  type ChannelOverwrite,
  channelPermissions,
  type GuildRoles,
  permissionBits,
} from '@patchbay/shared/permissions';

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
}

/** Could somebody with these roles view the channel from the beginning of the recording to its end? */
export function couldView(asker: Asker, { guildId, sights }: SideSights): boolean {
  const { userId, roles } = asker;
  if (roles === null || asker.guildId !== guildId || sights.length === 0) return false;
  return sights.every(({ overwrites, ...guild }) => {
    const hidden = { id: guildId, type: 'role' as const, allow: '0', deny: String(permissionBits.ViewChannel) };
    const bits = channelPermissions({ guildId, ...guild }, { userId, roles }, overwrites ?? [hidden]);
    return (bits & permissionBits.ViewChannel) !== 0n;
  });
}

/**
 * May they have it? Whoever was in it, could view one of its channels while it was made, or manages one of its servers.
 *
 * @param people ids of those who were in the recorded channels
 */
export function mayRead(asker: Asker, sides: readonly SideSights[], people: ReadonlySet<string>): boolean {
  if (people.has(asker.userId)) return true;
  return managesOne(asker, sides) || sides.some((side) => couldView(asker, side));
}

/** May they manage it: delete it, rebuild it? */
export function managesOne({ guildId, manages }: Asker, sides: readonly Pick<SideSights, 'guildId'>[]): boolean {
  return manages && sides.some((side) => side.guildId === guildId);
}
