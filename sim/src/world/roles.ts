import { WorldError } from './errors.ts';
import type { Guild, Member, Role } from './model.ts';
import type { World } from './world.ts';

export type RoleOptions = Partial<Omit<Role, 'id'>>;

/** Roles of all guilds. */
export class Roles {
  readonly #world: World;
  constructor(world: World) {
    this.#world = world;
  }

  /** On top of the others, unless `position` says otherwise. */
  create(guildId: string, options: RoleOptions): Role {
    const guild = this.#world.guild(guildId);
    const role: Role = {
      id: this.#world.snowflakes.next(),
      name: 'new role',
      permissions: guild.roles.get(guildId)?.permissions ?? 0n,
      position: guild.roles.size,
      managed: false,
      color: 0,
      hoist: false,
      mentionable: false,
      ...options,
    };
    guild.roles.set(role.id, role);
    this.#world.events.emit('roleCreated', { guild, role });
    return role;
  }

  update(guildId: string, roleId: string, change: RoleOptions): Role {
    const guild = this.#world.guild(guildId);
    const role = this.get(guild, roleId);
    Object.assign(role, change);
    this.#world.events.emit('roleUpdated', { guild, role });
    return role;
  }

  /** Takes it from all who have it. */
  delete(guildId: string, roleId: string): void {
    const guild = this.#world.guild(guildId);
    const role = this.get(guild, roleId);
    guild.roles.delete(roleId);
    for (const member of guild.members.values()) {
      if (member.roleIds.includes(roleId)) {
        const roleIds = member.roleIds.filter((id) => id !== roleId);
        this.#world.updateMember(guildId, member.userId, { roleIds });
      }
    }
    this.#world.events.emit('roleDeleted', { guild, role });
  }

  get(guild: Guild, roleId: string): Role {
    const found = guild.roles.get(roleId);
    if (!found) throw new WorldError('unknown_role', `there is no role ${roleId} in guild ${guild.id}`);
    return found;
  }
}

/** How high a member stands: the position of their highest role; above all roles for the owner. */
export function rankOf(guild: Guild, member: Member): number {
  if (member.userId === guild.ownerId) return Number.POSITIVE_INFINITY;
  return Math.max(0, ...member.roleIds.map((id) => guild.roles.get(id)?.position ?? 0));
}
