import type { GatewaySession } from './session.ts';

/** All gateway sessions that are live or can still be resumed. */
export class Sessions {
  /** Guilds in an outage: their events reach nobody. */
  readonly unavailable = new Set<string>();
  readonly #byId = new Map<string, GatewaySession>();

  add(session: GatewaySession): void {
    this.#byId.set(session.id, session);
  }

  get(id: string): GatewaySession | undefined {
    return this.#byId.get(id);
  }

  delete(session: GatewaySession): void {
    clearTimeout(session.expiry);
    this.#byId.delete(session.id);
  }

  all(): GatewaySession[] {
    return [...this.#byId.values()];
  }

  ofUser(userId: string): GatewaySession[] {
    return this.all().filter((session) => session.userId === userId);
  }

  /** Sessions of members of the guild, on the shard that serves it. */
  ofGuild(guild: { id: string; members: ReadonlyMap<string, unknown> }): GatewaySession[] {
    if (this.unavailable.has(guild.id)) return [];
    return this.all().filter((session) => guild.members.has(session.userId) && session.serves(guild.id));
  }
}
