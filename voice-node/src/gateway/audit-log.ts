import type { REST } from '@discordjs/rest';
import { type RESTGetAPIAuditLogResult, Routes } from 'discord-api-types/v10';
import type { Logger } from '../ops/logger.ts';
import { type AuditEntry, auditEntryOf } from './audit-evidence.ts';

/** Entries that are read again when a count may have grown. */
const PAGE = 20;

/** What of these entries is about people in voice. */
export function entriesOf(raw: readonly Parameters<typeof auditEntryOf>[0][]): AuditEntry[] {
  return raw.map(auditEntryOf).filter((entry) => entry !== null);
}

/** The newest entries of a guild's audit log that are about people in voice; none when it cannot be read. */
export async function readAuditLog(rest: REST, guildId: string, logger: Logger): Promise<AuditEntry[]> {
  try {
    const query = new URLSearchParams({ limit: String(PAGE) });
    const log = (await rest.get(Routes.guildAuditLog(guildId), { query })) as RESTGetAPIAuditLogResult;
    return entriesOf(log.audit_log_entries);
  } catch (error) {
    logger.warn({ err: error, guildId }, 'the audit log could not be read; causes of leaves stay guesses');
    return [];
  }
}
