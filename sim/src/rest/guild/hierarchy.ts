/** Who stands above whom (https://discord.com/developers/docs/topics/permissions#permission-hierarchy). */
import type { Application, Guild, Member, Role } from '../../world/model.ts';
import { rankOf } from '../../world/roles.ts';
import type { World } from '../../world/world.ts';
import { ApiError, missingPermissions } from '../errors.ts';

function ownRank(world: World, application: Application, guild: Guild): number {
  return rankOf(guild, world.member(guild.id, application.botUserId));
}

/** Only members whose highest role is below the bot's own, and never the owner. */
export function needAboveMember(world: World, application: Application, guild: Guild, target: Member): void {
  if (rankOf(guild, target) >= ownRank(world, application, guild)) throw missingPermissions();
}

/** Only roles below the bot's highest one. */
export function needAboveRole(world: World, application: Application, guild: Guild, role: Role): void {
  if (role.position >= ownRank(world, application, guild)) throw missingPermissions();
}

/** A bot can hand out no permission that it does not have itself. */
export function needOwn(world: World, application: Application, guild: Guild, permissions: bigint): void {
  const own = world.guildPermissionsOf(guild.id, application.botUserId);
  if ((permissions & ~own) !== 0n) throw missingPermissions();
}

/** Roles of bots, and @everyone, belong to Discord. */
export function needUnmanaged(guild: Guild, role: Role): void {
  if (role.managed || role.id === guild.id) throw new ApiError(400, 50028, 'Invalid Role');
}
