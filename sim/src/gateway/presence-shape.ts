import type { World } from '../world/world.ts';

/** PRESENCE_UPDATE of a user in a guild; undefined while they are offline. */
export function presenceShape(world: World, guildId: string, userId: string) {
  const presence = world.presences.get(userId);
  if (!presence || presence.status === 'offline' || presence.status === 'invisible') return undefined;
  return presenceUpdate(world, guildId, userId);
}

/** As {@link presenceShape}, but of those who have gone offline too. */
export function presenceUpdate(world: World, guildId: string, userId: string) {
  const { status, activities } = world.presences.get(userId) ?? { status: 'offline', activities: [] };
  // To others, who is invisible is offline.
  const shown = status === 'invisible' ? 'offline' : status;
  const device = world.user(userId).bot ? 'web' : 'desktop';
  return {
    user: { id: userId },
    guild_id: guildId,
    status: shown,
    activities: shown === 'offline' ? [] : activities,
    client_status: shown === 'offline' ? {} : { [device]: shown },
  };
}
