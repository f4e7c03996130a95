import type { AuditLogEvent } from 'discord-api-types/v10';
import type { Context } from 'hono';
import type { AuditLogChange, AuditLogEntry } from '../world/audit-log.ts';
import type { Application } from '../world/model.ts';
import type { World } from '../world/world.ts';

export type Recorder = (
  action: AuditLogEvent,
  targetId: string | null,
  more?: { changes?: AuditLogChange[]; options?: { [name: string]: string } },
) => AuditLogEntry;

/** Writes into a guild's audit log what the bot does, with the reason that the request's header gives (percent-encoded). */
export function recorder(world: World, context: Context, application: Application, guildId: string): Recorder {
  const header = context.req.header('x-audit-log-reason');
  const reason = header === undefined ? null : decoded(header).slice(0, 512);
  return (action, targetId, more = {}) =>
    world.auditLog.add({ guildId, action, userId: application.botUserId, targetId, reason, ...more });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not encoded: taken as it stands
  }
}

/** What is different after a change, by Discord's field names. */
export function changesBetween<Shape extends object>(before: Shape, after: Shape): AuditLogChange[] {
  const was = before as { [key: string]: unknown };
  return Object.entries(after)
    .filter(([key, value]) => JSON.stringify(was[key]) !== JSON.stringify(value))
    .map(([key, value]) => ({ key, old_value: was[key], new_value: value }));
}
