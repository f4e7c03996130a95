/** What a guild's audit log says of people who were moved or disconnected. Pure. */
import { AuditLogEvent } from 'discord-api-types/v10';

/** An entry as far as it matters here. */
export interface AuditEntry {
  id: string;
  action: AuditLogEvent;
  /** Whom it was done to; Discord does not say it of moves and disconnections. */
  targetId: string | null;
  /** Where people were moved. */
  channelId: string | null;
  /** Moves and disconnections by one moderator share an entry for a while: how many it stands for by now. */
  count: number;
}

/** An entry from Discord's shape; `null` for one that says nothing of leaving voice. */
export function auditEntryOf(raw: {
  id: string;
  action_type: AuditLogEvent;
  target_id: string | null;
  options?: { count?: string; channel_id?: string };
}): AuditEntry | null {
  const { id, action_type: action, target_id: targetId, options = {} } = raw;
  const kinds = [
    AuditLogEvent.MemberDisconnect,
    AuditLogEvent.MemberMove,
    AuditLogEvent.MemberKick,
    AuditLogEvent.MemberBanAdd,
  ];
  if (!kinds.includes(action)) return null;
  const count = Math.max(1, Number(options.count ?? 1) || 1);
  return { id, action, targetId, channelId: options.channel_id ?? null, count };
}

/** So long after its last growth an entry may grow again. Discord publishes no figure; about ten minutes were seen. */
const GROWS_MS = 15 * 60_000;

/** What of a guild's entries is news: Discord tells of a new entry, but not of a count that grows. */
export class AuditCounts {
  readonly #known = new Map<string, { action: AuditLogEvent; count: number; at: number }>();

  /** How many moves, disconnections or removals this entry adds to what is known of it. */
  news(entry: AuditEntry, at: number): number {
    const known = this.#known.get(entry.id);
    const news = entry.count - (known?.count ?? 0);
    if (news <= 0) return 0;
    this.#known.set(entry.id, { action: entry.action, count: entry.count, at });
    for (const [id, each] of this.#known) if (at - each.at > GROWS_MS) this.#known.delete(id);
    return news;
  }

  /** Could a disconnection (or move) of now hide in the count of an entry that is there already? */
  mayGrow(action: AuditLogEvent, at: number): boolean {
    return [...this.#known.values()].some((each) => each.action === action && at - each.at <= GROWS_MS);
  }
}
