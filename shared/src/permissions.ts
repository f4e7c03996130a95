/** What a member may do in a channel, as Discord computes it (https://discord.com/developers/docs/topics/permissions). Pure. */

/** Bits of Discord's permission field that Patchbay decides by. */
export const permissionBits = {
  Administrator: 1n << 3n,
  ManageGuild: 1n << 5n,
  ViewChannel: 1n << 10n,
  Connect: 1n << 20n,
} as const;

/** Everything is allowed to owners and administrators, whatever bits Discord invents next. */
export const ALL_PERMISSIONS: bigint = (1n << 64n) - 1n;

export interface ChannelOverwrite {
  /** Of the role or the member; the guild's own id means everybody. */
  id: string;
  type: 'role' | 'member';
  /** Bit fields in decimal. */
  allow: string;
  deny: string;
}

export interface GuildRoles {
  guildId: string;
  ownerId: string | null;
  /** Permission bits by role id, in decimal; the role with the guild's id is everybody's. */
  roles: Readonly<Record<string, string>>;
}

export interface RoleHolder {
  userId: string;
  /** Roles besides everybody's. */
  roles: readonly string[];
}

/** Permissions by roles alone, before any channel's overwrites. */
export function guildPermissions({ guildId, ownerId, roles }: GuildRoles, member: RoleHolder): bigint {
  if (member.userId === ownerId) return ALL_PERMISSIONS;
  const bits = [guildId, ...member.roles].reduce((sum, role) => sum | BigInt(roles[role] ?? 0), 0n);
  return (bits & permissionBits.Administrator) === 0n ? bits : ALL_PERMISSIONS;
}

/**
 * Permissions in a channel with these overwrites: everybody's first, then those of all the member's roles together, then the
 * member's own. A channel's list is complete: Discord copies a category's overwrites into channels that are synced with it.
 */
export function channelPermissions(
  guild: GuildRoles,
  member: RoleHolder,
  overwrites: readonly ChannelOverwrite[],
): bigint {
  const base = guildPermissions(guild, member);
  if (base === ALL_PERMISSIONS) return base;
  const { guildId } = guild;
  const layers: ((overwrite: ChannelOverwrite) => boolean)[] = [
    ({ id, type }) => type === 'role' && id === guildId,
    ({ id, type }) => type === 'role' && id !== guildId && member.roles.includes(id),
    ({ id, type }) => type === 'member' && id === member.userId,
  ];
  return layers.reduce((bits, fits) => {
    const layer = overwrites.filter(fits);
    const allow = layer.reduce((sum, each) => sum | BigInt(each.allow), 0n);
    const deny = layer.reduce((sum, each) => sum | BigInt(each.deny), 0n);
    return (bits & ~deny) | allow;
  }, base);
}
