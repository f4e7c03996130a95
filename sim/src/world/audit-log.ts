import { AuditLogEvent } from 'discord-api-types/v10';
import type { World } from './world.ts';

export interface AuditLogChange {
  key: string;
  old_value?: unknown;
  new_value?: unknown;
}

export interface AuditLogEntry {
  id: string;
  guildId: string;
  action: AuditLogEvent;
  /** Who did it. */
  userId: string;
  /** Null for moves and disconnections: Discord does not say who was moved. */
  targetId: string | null;
  reason: string | null;
  changes: AuditLogChange[];
  options: Record<string, string>;
}

/** For so long, in ms, moves (or disconnections) by the same person are added to their last entry. Not published. */
const mergingMs = 10 * 60_000;

/** Who did what to a guild, newest last (https://discord.com/developers/docs/resources/audit-log). */
export class AuditLog {
  readonly #world: World;
  readonly #entries: (AuditLogEntry & { at: number })[] = [];
  constructor(world: World) {
    this.#world = world;
  }

  add(
    entry: Pick<AuditLogEntry, 'guildId' | 'action' | 'userId'> & Partial<AuditLogEntry>,
    now: number = Date.now(),
  ): AuditLogEntry {
    const guild = this.#world.guild(entry.guildId);
    const full = {
      targetId: null,
      reason: null,
      changes: [],
      options: {},
      ...entry,
      id: this.#world.snowflakes.next(now),
      at: now,
    };
    this.#entries.push(full);
    this.#world.events.emit('auditLogEntry', { guild, entry: full });
    return full;
  }

  /**
   * Somebody was moved to `channelId`, or disconnected (null). Such entries name no target, and those of the same person
   * (and channel) within some time are one entry that counts: nothing tells for sure who moved whom.
   */
  addVoiceMove(guildId: string, userId: string, channelId: string | null, now: number = Date.now()): void {
    const action = channelId === null ? AuditLogEvent.MemberDisconnect : AuditLogEvent.MemberMove;
    const last = this.#entries.findLast(
      (entry) =>
        entry.action === action &&
        entry.guildId === guildId &&
        entry.userId === userId &&
        (channelId === null || entry.options.channel_id === channelId),
    );
    if (last && now - last.at < mergingMs) {
      last.options = { ...last.options, count: String(Number(last.options.count) + 1) };
      return; // GUILD_AUDIT_LOG_ENTRY_CREATE is not sent again for a count that grows
    }
    const options = { count: '1', ...(channelId === null ? {} : { channel_id: channelId }) };
    this.add({ guildId, userId, action, options }, now);
  }

  /** Newest first. */
  of(guildId: string): AuditLogEntry[] {
    return this.#entries.filter((entry) => entry.guildId === guildId).reverse();
  }
}
