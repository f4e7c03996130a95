/** When a sign-in may be renewed. Pure. */

/** One sign-in of one browser, as it is stored. Instants in milliseconds. */
export interface SignInRecord {
  userId: string;
  /** The user's servers in which one of our identities is, as of the last renewal. */
  guilds: string[];
  /** How often it was renewed: the cookie of the last renewal carries the same number. */
  counter: number;
  renewedAt: number;
  expiresAt: number;
  /** Discord's tokens, encrypted; absent for a one-time code of the operator. */
  discord?: string;
}

/** `again`: the answer of the last renewal, once more. `reused`: an old cookie is in other hands. */
export type RenewalVerdict = 'renew' | 'again' | 'reused' | 'over';

/** @example judgeRenewal({ …, counter: 2, renewedAt: 0 }, 1, 5_000, 10_000) // 'again' */
export function judgeRenewal(
  record: Pick<SignInRecord, 'counter' | 'renewedAt' | 'expiresAt'> | undefined,
  counter: number,
  now: number,
  graceMs: number,
): RenewalVerdict {
  if (!record || record.expiresAt <= now) return 'over';
  if (counter === record.counter) return 'renew';
  return counter === record.counter - 1 && now < record.renewedAt + graceMs ? 'again' : 'reused';
}

/** Tries to give Discord's tokens back; after the last one it is left to their own expiry. */
const REVOKE_TRIES = 8;

/** Milliseconds to the next try of a revocation; `null` after the last. */
export function revokeAgainAfter(failures: number): number | null {
  return failures >= REVOKE_TRIES ? null : Math.min(1_000 * 4 ** (failures - 1), 600_000);
}
