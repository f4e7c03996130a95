/** The rows of reports: written by each report's object, read by the named readers across all servers. */
import { desc, eq, inArray } from 'drizzle-orm';
import { ulid } from 'ulid';
import type { ReportRecord } from '../report/record.ts';
import type { Db } from './db.ts';
import { guilds, reportAudit, reports } from './schema.ts';

/** Keeps a report as it is now. Idempotent. */
export async function projectReport(db: Db, { call, sealing, expiresAt }: ReportRecord): Promise<void> {
  const { reportId: id, ...rest } = call;
  const sealed = sealing.state === 'sealed' ? sealing : undefined;
  const changes = {
    state: sealing.state,
    failure: sealing.state === 'failed' ? sealing.code : null,
    sealId: sealed?.sealId ?? null,
    sealedFrom: sealed ? Math.round(sealed.from) : null,
    sealedTo: sealed ? Math.round(sealed.to) : null,
    objects: sealed?.objects ?? null,
    expiresAt,
  };
  await db
    .insert(reports)
    .values({ id, ...rest, ...changes })
    .onConflictDoUpdate({ target: reports.id, set: changes });
}

/** Who did what with a report: a row for each object. */
export async function auditReport(
  db: Db,
  entry: { reportId: string; actorId: string; action: 'link' | 'erased'; keys: readonly string[]; at: number },
): Promise<void> {
  const { keys, ...rest } = entry;
  const rows = keys.map((key) => db.insert(reportAudit).values({ id: ulid(entry.at), key, ...rest }));
  const [first, ...others] = rows;
  if (first) await db.batch([first, ...others]);
}

/** The report's row goes; who read it stays in the audit, with when it was deleted. Idempotent. */
export async function eraseReport(db: Db, reportId: string, at: number): Promise<void> {
  await db.batch([
    db.delete(reports).where(eq(reports.id, reportId)),
    db
      .insert(reportAudit)
      .values({ id: `erased-${reportId}`, reportId, actorId: 'retention', action: 'erased', key: '', at })
      .onConflictDoNothing(),
  ]);
}

export type ReportRow = typeof reports.$inferSelect & { guildName: string };

/** The newest reports of all servers. */
export async function newestReports(db: Db, limit: number): Promise<ReportRow[]> {
  const rows = await db.select().from(reports).orderBy(desc(reports.at), desc(reports.id)).limit(limit);
  const ids = [...new Set(rows.map(({ guildId }) => guildId))];
  const named = ids.length > 0 ? await db.select().from(guilds).where(inArray(guilds.id, ids)) : [];
  const names = new Map(named.map(({ id, name }) => [id, name]));
  return rows.map((row) => ({ ...row, guildName: names.get(row.guildId) ?? row.guildId }));
}

export async function isReport(db: Db, reportId: string): Promise<boolean> {
  return (await db.select({ id: reports.id }).from(reports).where(eq(reports.id, reportId))).length > 0;
}
