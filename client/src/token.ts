/** A token is renewed so long before it ends, in ms. Short: a `getToken` that caches hands out what it has until near the end. */
const SPARE_MS = 20_000;
/** Two renewals are never closer than this, whatever the clocks say. */
const LEAST_MS = 30_000;

/**
 * How long to wait before a token is renewed, in ms; `undefined` when the token does not say when it ends. The token is
 * read, not verified: that is the hub's part.
 */
export function renewalDelay(token: string, now = Date.now()): number | undefined {
  try {
    const claims = atob((token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/'));
    const { exp } = JSON.parse(claims) as { exp?: unknown };
    return typeof exp === 'number' ? Math.max(exp * 1000 - now - SPARE_MS, LEAST_MS) : undefined;
  } catch {
    return undefined;
  }
}

/** The answer of `getToken`, or an error when it takes longer than `ms`. */
export function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('getToken took too long')), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
