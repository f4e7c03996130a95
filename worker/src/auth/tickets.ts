import { sha256Hex } from '@patchbay/shared/signing';
import { and, eq, gt, lt } from 'drizzle-orm';
import type { Db } from '../db/db.ts';
import { refreshTokens, signInCodes } from '../db/schema.ts';

/** Life of a one-time sign-in code. Milliseconds. */
export const CODE_MS = 10 * 60 * 1000;
/** Life of a refresh cookie. Milliseconds. */
export const REFRESH_MS = 30 * 24 * 3_600_000;

export interface Grant {
  userId: string;
  guilds: string[];
}

/** 256 random bits in base64url. */
function randomToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

async function issue(
  db: Db,
  table: typeof signInCodes | typeof refreshTokens,
  grant: Grant,
  life: number,
): Promise<{ token: string; expiresAt: number }> {
  const now = Date.now();
  const token = randomToken();
  const expiresAt = now + life;
  await db.batch([
    db.delete(table).where(lt(table.expiresAt, now)),
    db.insert(table).values({ hash: await sha256Hex(token), userId: grant.userId, guilds: grant.guilds, expiresAt }),
  ]);
  return { token, expiresAt };
}

/** Uses a token up: deletes its row and says what it granted; `null` when it is unknown, used or expired. */
async function redeem(db: Db, table: typeof signInCodes | typeof refreshTokens, token: string): Promise<Grant | null> {
  const [row] = await db
    .delete(table)
    .where(and(eq(table.hash, await sha256Hex(token)), gt(table.expiresAt, Date.now())))
    .returning();
  return row ? { userId: row.userId, guilds: row.guilds } : null;
}

export const issueCode = (db: Db, grant: Grant) => issue(db, signInCodes, grant, CODE_MS);
export const redeemCode = (db: Db, code: string) => redeem(db, signInCodes, code);
export const issueRefresh = (db: Db, grant: Grant) => issue(db, refreshTokens, grant, REFRESH_MS);
export const redeemRefresh = (db: Db, token: string) => redeem(db, refreshTokens, token);
