/** What a member may do in a channel right now: by roles and overwrites, less what a time-out takes. Pure. */
import {
  ALL_PERMISSIONS,
  type ChannelOverwrite,
  channelPermissions,
  type GuildRoles,
  type RoleHolder,
} from '@patchbay/shared/permissions';
import { PermissionFlagsBits } from 'discord-api-types/v10';

const { ViewChannel, ReadMessageHistory } = PermissionFlagsBits;
/** What a time-out leaves. */
const TIMED_OUT = ViewChannel | ReadMessageHistory;

export interface TimedMember extends RoleHolder {
  /** Until when the member is timed out; milliseconds. */
  timedOutUntil?: number | undefined;
}

/**
 * Who cannot see a channel can do nothing in it; a time-out leaves seeing and reading, but owners and administrators everything.
 *
 * @example effectivePermissions(guild, member, overwrites, Date.now()) & PermissionFlagsBits.Connect
 */
export function effectivePermissions(
  guild: GuildRoles,
  member: TimedMember,
  overwrites: readonly ChannelOverwrite[],
  now: number,
): bigint {
  const granted = channelPermissions(guild, member, overwrites);
  if (granted === ALL_PERMISSIONS) return granted;
  const bits = member.timedOutUntil !== undefined && member.timedOutUntil > now ? granted & TIMED_OUT : granted;
  return bits & ViewChannel ? bits : 0n;
}
