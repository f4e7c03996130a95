/** The way to Discord and back: what the browser keeps meanwhile, in one sealed cookie. */
import { z } from 'zod';
import { base64url, randomText } from '../keys.ts';
import { open, seal } from '../seal.ts';

/** How long a person may take on Discord's page. Milliseconds. */
export const LOGIN_MS = 10 * 60_000;

const attemptSchema = z.object({ state: z.string(), verifier: z.string(), expiresAt: z.number() });
export type LoginAttempt = z.infer<typeof attemptSchema>;

/** A new attempt, with the challenge of its PKCE verifier (RFC 7636, S256). */
export async function newAttempt(now = Date.now()): Promise<{ attempt: LoginAttempt; challenge: string }> {
  const attempt = { state: randomText(32), verifier: randomText(32), expiresAt: now + LOGIN_MS };
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(attempt.verifier));
  return { attempt, challenge: base64url(new Uint8Array(digest)) };
}

export const sealAttempt = (secret: string, attempt: LoginAttempt) => seal(secret, 'login cookie', attempt);

/** The attempt that this browser began with this `state`; `null`: another browser's, too old, or none. */
export async function readAttempt(
  secret: string,
  cookie: string | undefined,
  state: string | undefined,
): Promise<LoginAttempt | null> {
  if (cookie === undefined || state === undefined) return null;
  const attempt = attemptSchema.safeParse(await open(secret, 'login cookie', cookie));
  if (!attempt.success || attempt.data.expiresAt <= Date.now()) return null;
  return attempt.data.state === state ? attempt.data : null;
}
