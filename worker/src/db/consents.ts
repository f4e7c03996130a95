/** Who opted out or in, and who was shown which notice: kept for good, to be able to tell. */
import type { Db } from './db.ts';
import { consents, notices } from './schema.ts';

/** A statement for each row: D1 takes 100 values in one. */
const BATCH = 100;

/** Notes that somebody opted out or in. Idempotent by its id. */
export async function projectConsent(db: Db, consent: typeof consents.$inferInsert): Promise<void> {
  await db.insert(consents).values(consent).onConflictDoNothing();
}

/** Notes who was shown a notice; of each kind the first time in a session counts. Idempotent. */
export async function projectNotices(
  db: Db,
  notice: Omit<typeof notices.$inferInsert, 'userId'>,
  userIds: readonly string[],
): Promise<void> {
  for (let from = 0; from < userIds.length; from += BATCH) {
    const rows = userIds.slice(from, from + BATCH).map((userId) =>
      db
        .insert(notices)
        .values({ ...notice, userId })
        .onConflictDoNothing(),
    );
    const [first, ...rest] = rows;
    if (first) await db.batch([first, ...rest]);
  }
}
