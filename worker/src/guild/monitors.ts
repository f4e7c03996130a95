import type { GuildStore } from './store.ts';

/** May monitors of other guilds listen to calls with this one? Not unless its moderators say so. */
export function allowsMonitors(store: GuildStore): boolean {
  return store.meta('allowMonitors') === 'yes';
}
