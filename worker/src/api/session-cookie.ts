import { errorBody } from '@patchbay/shared/errors';
import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { CookieOptions } from 'hono/utils/cookie';
import { isSameOrigin } from '../auth/origins.ts';
import { type RefreshCookie, readRefreshCookie, refreshCookie } from '../auth/sign-in/cookie.ts';
import type { SignedIn } from '../auth/sign-in/sign-in.ts';
import { type Env, settingsOf } from '../env.ts';
import { count } from '../metrics/registry.ts';

const COOKIE = 'patchbay_refresh';
/** Cookies go to these routes alone. */
export const AUTH_PATH = '/api/auth';
type AuthContext = Context<{ Bindings: Env }>;

/** Over plain http (a local run) a Secure cookie would be dropped. */
export const isSecure = (context: AuthContext) => new URL(context.req.url).protocol === 'https:';

const options = (context: AuthContext): CookieOptions => ({
  httpOnly: true,
  sameSite: 'Strict',
  path: AUTH_PATH,
  secure: isSecure(context),
});

/** Hands the browser the cookie of a sign-in. */
export async function setSession(context: AuthContext, signInId: string, { counter }: SignedIn): Promise<void> {
  const { JWT_SECRET, SIGN_IN_MS } = settingsOf(context.env);
  const value = await refreshCookie(JWT_SECRET, { signInId, counter });
  setCookie(context, COOKIE, value, { ...options(context), maxAge: Math.floor(SIGN_IN_MS / 1000) });
}

/** Whose cookie the browser sent; `null`: none of ours. */
export async function readSession(context: AuthContext): Promise<RefreshCookie | null> {
  const cookie = getCookie(context, COOKIE);
  return cookie === undefined ? null : readRefreshCookie(settingsOf(context.env).JWT_SECRET, cookie);
}

export function clearSession(context: AuthContext): void {
  deleteCookie(context, COOKIE, options(context));
}

/** Refuses a POST that a page of another origin makes with this browser's cookies. */
export const sameOriginOnly: MiddlewareHandler<{ Bindings: Env }> = async (context, next) => {
  if (!isSameOrigin(context.req.raw.headers, context.req.url)) {
    count('patchbay_origin_refusals_total', {});
    return context.json(errorBody('origin_refused', 'Only pages of this Worker may do that.'), 403);
  }
  return next();
};
