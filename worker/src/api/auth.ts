import { errorBody } from '@patchbay/shared/errors';
import { exchangeRequestSchema } from '@patchbay/shared/sign-in';
import { type Context, Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { parseJson } from '../auth/signed.ts';
import { type Grant, issueRefresh, REFRESH_MS, redeemCode, redeemRefresh } from '../auth/tickets.ts';
import { mintToken } from '../auth/token.ts';
import { type Db, openDb } from '../db/db.ts';
import { type Env, settingsOf } from '../env.ts';

const COOKIE = 'patchbay_refresh';

/** Sign-in of the dashboard. */
export const authRoutes = new Hono<{ Bindings: Env }>();

/** Answers a token and hangs a fresh refresh cookie on it. */
async function grantToken(context: Context<{ Bindings: Env }>, db: Db, grant: Grant): Promise<Response> {
  const refresh = await issueRefresh(db, grant);
  setCookie(context, COOKIE, refresh.token, {
    httpOnly: true,
    sameSite: 'Strict',
    path: '/api/auth',
    maxAge: REFRESH_MS / 1000,
    // Over plain http (a local run) a Secure cookie would be dropped.
    secure: new URL(context.req.url).protocol === 'https:',
  });
  context.header('cache-control', 'no-store');
  const claims = { sub: grant.userId, guilds: grant.guilds, scope: 'guild' as const };
  return context.json(await mintToken(settingsOf(context.env).JWT_SECRET, claims));
}

authRoutes.post('/api/auth/exchange', async (context) => {
  const request = exchangeRequestSchema.safeParse(parseJson(await context.req.text()));
  if (!request.success) return context.json(errorBody('request_malformed', 'Send { code }.'), 400);
  const db = openDb(context.env, settingsOf(context.env));
  const grant = await redeemCode(db, request.data.code);
  if (!grant) {
    return context.json(errorBody('code_refused', 'The code is unknown, used or expired. Ask for a new link.'), 401);
  }
  return grantToken(context, db, grant);
});

authRoutes.post('/api/auth/refresh', async (context) => {
  const token = getCookie(context, COOKIE);
  const db = openDb(context.env, settingsOf(context.env));
  const grant = token ? await redeemRefresh(db, token) : null;
  if (!grant) return context.json(errorBody('refresh_refused', 'You are signed out. Sign in again.'), 401);
  return grantToken(context, db, grant);
});
