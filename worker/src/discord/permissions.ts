/**
 * What a member may do in a channel, as Discord computes it
 * (https://discord.com/developers/docs/topics/permissions#permission-overwrites). Pure.
 */
import { OverwriteType, PermissionFlagsBits } from 'discord-api-types/v10';

const { Administrator, ViewChannel, ReadMessageHistory } = PermissionFlagsBits;
const ALL = Object.values(PermissionFlagsBits).reduce((all, bit) => all | bit, 0n);
/** What a time-out leaves. */
const TIMED_OUT = ViewChannel | ReadMessageHistory;

/** Bits as Discord writes them: decimal text. */
export interface PermissionGuild {
  id: string;
  ownerId: string;
  roles: readonly { id: string; permissions: string }[];
}
export interface PermissionMember {
  userId: string;
  roles: readonly string[];
  /** Until when the member is timed out; milliseconds. */
  timedOutUntil?: number | undefined;
}
export interface Overwrite {
  id: string;
  type: OverwriteType;
  allow: string;
  deny: string;
}

/** From roles alone: that of everyone and the member's. The owner and administrators have all. */
export function guildPermissions(guild: PermissionGuild, member: PermissionMember): bigint {
  if (guild.ownerId === member.userId) return ALL;
  const own = guild.roles.filter(({ id }) => id === guild.id || member.roles.includes(id));
  const sum = own.reduce((bits, { permissions }) => bits | BigInt(permissions), 0n);
  return sum & Administrator ? ALL : sum;
}

/**
 * In a channel: overwrites of everyone, then of all other roles together, then of the member. Who cannot see a channel can do
 * nothing in it; a time-out leaves seeing and reading.
 *
 * @example channelPermissions(guild, member, channel.permission_overwrites, Date.now()) & PermissionFlagsBits.Connect
 */
export function channelPermissions(
  guild: PermissionGuild,
  member: PermissionMember,
  overwrites: readonly Overwrite[],
  now: number,
): bigint {
  const base = guildPermissions(guild, member);
  if (base & Administrator) return ALL;
  const ofRole = (fits: (id: string) => boolean) =>
    overwrites.filter(({ id, type }) => type === OverwriteType.Role && fits(id));
  let bits = apply(
    base,
    ofRole((id) => id === guild.id),
  );
  bits = apply(
    bits,
    ofRole((id) => id !== guild.id && member.roles.includes(id)),
  );
  bits = apply(
    bits,
    overwrites.filter(({ id, type }) => type === OverwriteType.Member && id === member.userId),
  );
  if (member.timedOutUntil !== undefined && member.timedOutUntil > now) bits &= TIMED_OUT;
  return bits & ViewChannel ? bits : 0n;
}

/** Overwrites of one level: what any of them allows beats what another denies. */
function apply(bits: bigint, overwrites: readonly Overwrite[]): bigint {
  const allow = overwrites.reduce((sum, each) => sum | BigInt(each.allow), 0n);
  const deny = overwrites.reduce((sum, each) => sum | BigInt(each.deny), 0n);
  return (bits & ~deny) | allow;
}
