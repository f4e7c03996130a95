import { type Context, Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { randomText } from '../auth/keys.ts';
import { LOGIN_MS, newAttempt, readAttempt, sealAttempt } from '../auth/sign-in/login.ts';
import { authorizeUrl, exchangeAuthorization, readGuildIds, readUserId } from '../discord/oauth2.ts';
import { type Env, fleetOf, settingsOf, signInOf } from '../env.ts';
import { count } from '../metrics/registry.ts';
import { AUTH_PATH, isSecure, setSession } from './session-cookie.ts';

/** Sign-in with Discord (OAuth2, authorization code with PKCE). The browser walks here: every answer leads to a page. */
export const discordLoginRoutes = new Hono<{ Bindings: Env }>();

type LoginContext = Context<{ Bindings: Env }>;
/** What the page tells the person; the page has a sentence for each. */
export type LoginProblem = 'not_set_up' | 'state_wrong' | 'access_denied' | 'code_refused' | 'discord_unavailable';

const COOKIE = 'patchbay_login';
const CALLBACK = `${AUTH_PATH}/callback`;
const redirectUriOf = (context: LoginContext) => new URL(CALLBACK, context.req.url).href;

/** Lax: the way back begins on Discord's page, and the cookie must come along. */
const cookieOptions = (context: LoginContext) =>
  ({ httpOnly: true, sameSite: 'Lax', path: AUTH_PATH, secure: isSecure(context) }) as const;

/** Back to the page with a problem in the fragment, which no server sees. */
function backWith(context: LoginContext, problem: LoginProblem): Response {
  count('patchbay_sign_ins_total', { way: 'discord', result: problem });
  return context.redirect(`/#sign-in=${problem}`, 303);
}

discordLoginRoutes.get('/api/auth/login', async (context) => {
  const settings = settingsOf(context.env);
  context.header('cache-control', 'no-store');
  if (settings.DISCORD_CLIENT_SECRET === undefined) return backWith(context, 'not_set_up');
  const { attempt, challenge } = await newAttempt();
  setCookie(context, COOKIE, await sealAttempt(settings.JWT_SECRET, attempt), {
    ...cookieOptions(context),
    maxAge: LOGIN_MS / 1000,
  });
  const { state } = attempt;
  return context.redirect(authorizeUrl(settings, { redirectUri: redirectUriOf(context), state, challenge }), 303);
});

discordLoginRoutes.get(CALLBACK, async (context) => {
  const settings = settingsOf(context.env);
  context.header('cache-control', 'no-store');
  context.header('referrer-policy', 'no-referrer');
  if (settings.DISCORD_CLIENT_SECRET === undefined) return backWith(context, 'not_set_up');
  const { code, state, error } = context.req.query();
  const attempt = await readAttempt(settings.JWT_SECRET, getCookie(context, COOKIE), state);
  if (!attempt) return backWith(context, 'state_wrong');
  // It works once, whatever comes of it.
  deleteCookie(context, COOKIE, cookieOptions(context));
  if (error !== undefined || code === undefined) {
    return backWith(context, error === 'access_denied' ? 'access_denied' : 'code_refused');
  }
  const { verifier } = attempt;
  const tokens = await exchangeAuthorization(settings, { code, verifier, redirectUri: redirectUriOf(context) });
  if (!tokens.ok) return backWith(context, tokens.problem === 'refused' ? 'code_refused' : 'discord_unavailable');
  const { access } = tokens.value;
  const [userId, guildIds] = await Promise.all([readUserId(settings, access), readGuildIds(settings, access)]);
  if (!userId.ok || !guildIds.ok) return backWith(context, 'discord_unavailable');
  const guilds = await fleetOf(context.env).knownGuilds(guildIds.value);
  const signInId = randomText(16);
  const signIn = signInOf(context.env, signInId);
  const signedIn = await signIn.begin({ userId: userId.value, guilds, discord: tokens.value });
  await setSession(context, signInId, signedIn);
  count('patchbay_sign_ins_total', { way: 'discord', result: 'ok' });
  return context.redirect('/', 303);
});
