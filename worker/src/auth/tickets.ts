import { sha256Hex } from '@patchbay/shared/signing';
import { and, eq, gt, lt } from 'drizzle-orm';
import type { Db } from '../db/db.ts';
import { signInCodes } from '../db/schema.ts';
import { randomText } from './keys.ts';

/** Life of a one-time sign-in code. Milliseconds. */
export const CODE_MS = 10 * 60 * 1000;

export interface Grant {
  userId: string;
  guilds: string[];
}

/** Makes a one-time code; stored is its hash alone. */
export async function issueCode(db: Db, grant: Grant): Promise<{ token: string; expiresAt: number }> {
  const now = Date.now();
  const token = randomText(32);
  const expiresAt = now + CODE_MS;
  await db.batch([
    db.delete(signInCodes).where(lt(signInCodes.expiresAt, now)),
    db.insert(signInCodes).values({ hash: await sha256Hex(token), ...grant, expiresAt }),
  ]);
  return { token, expiresAt };
}

/** Uses a code up: deletes its row and says what it granted; `null` when it is unknown, used or expired. */
export async function redeemCode(db: Db, code: string): Promise<Grant | null> {
  const [row] = await db
    .delete(signInCodes)
    .where(and(eq(signInCodes.hash, await sha256Hex(code)), gt(signInCodes.expiresAt, Date.now())))
    .returning();
  return row ? { userId: row.userId, guilds: row.guilds } : null;
}
