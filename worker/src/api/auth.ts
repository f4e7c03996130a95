import { errorBody } from '@patchbay/shared/errors';
import { exchangeRequestSchema } from '@patchbay/shared/sign-in';
import { type Context, Hono } from 'hono';
import { randomText } from '../auth/keys.ts';
import type { RenewalRefusal, SignedIn } from '../auth/sign-in/sign-in.ts';
import { parseJson } from '../auth/signed.ts';
import { redeemCode } from '../auth/tickets.ts';
import { mintToken } from '../auth/token.ts';
import { openDb } from '../db/db.ts';
import { type Env, settingsOf, signInOf } from '../env.ts';
import { count } from '../metrics/registry.ts';
import { clearSession, readSession, sameOriginOnly, setSession } from './session-cookie.ts';

/** Sessions of the dashboard: by a one-time code, renewed, ended. Sign-in with Discord is in `discord-login.ts`. */
export const authRoutes = new Hono<{ Bindings: Env }>();

const refusals: Record<RenewalRefusal, [status: 401 | 503, sentence: string]> = {
  refresh_refused: [401, 'You are signed out. Sign in again.'],
  refresh_reused: [401, 'This sign-in was used from two places and has been ended. Sign in again.'],
  discord_revoked: [401, 'Discord says that you have withdrawn your consent. Sign in again.'],
  discord_unavailable: [503, 'Discord does not answer now. You are still signed in: try again.'],
};

authRoutes.on('POST', ['/api/auth/exchange', '/api/auth/refresh', '/api/auth/logout'], sameOriginOnly);

/** Answers a token and hangs the cookie on it. */
async function answerToken(
  context: Context<{ Bindings: Env }>,
  signInId: string,
  signedIn: SignedIn,
): Promise<Response> {
  await setSession(context, signInId, signedIn);
  context.header('cache-control', 'no-store');
  const claims = { sub: signedIn.userId, guilds: signedIn.guilds, scope: 'guild' as const };
  return context.json(await mintToken(settingsOf(context.env).JWT_SECRET, claims));
}

authRoutes.get('/api/auth/options', (context) =>
  context.json({ discord: settingsOf(context.env).DISCORD_CLIENT_SECRET !== undefined }),
);

authRoutes.post('/api/auth/exchange', async (context) => {
  const request = exchangeRequestSchema.safeParse(parseJson(await context.req.text()));
  if (!request.success) return context.json(errorBody('request_malformed', 'Send { code }.'), 400);
  const grant = await redeemCode(openDb(context.env, settingsOf(context.env)), request.data.code);
  count('patchbay_sign_ins_total', { way: 'code', result: grant ? 'ok' : 'code_refused' });
  if (!grant) {
    return context.json(errorBody('code_refused', 'The code is unknown, used or expired. Ask for a new link.'), 401);
  }
  const signInId = randomText(16);
  return answerToken(context, signInId, await signInOf(context.env, signInId).begin(grant));
});

authRoutes.post('/api/auth/refresh', async (context) => {
  const session = await readSession(context);
  const renewal = session
    ? await signInOf(context.env, session.signInId).renew(session.counter)
    : { ok: false as const, code: 'refresh_refused' as const };
  count('patchbay_refreshes_total', { result: renewal.ok ? 'ok' : renewal.code });
  if (renewal.ok && session) return answerToken(context, session.signInId, renewal);
  const code = renewal.ok ? 'refresh_refused' : renewal.code;
  const [status, sentence] = refusals[code];
  if (status === 401) clearSession(context);
  return context.json(errorBody(code, sentence), status);
});

authRoutes.post('/api/auth/logout', async (context) => {
  const session = await readSession(context);
  if (session) await signInOf(context.env, session.signInId).end();
  clearSession(context);
  return context.body(null, 204);
});
