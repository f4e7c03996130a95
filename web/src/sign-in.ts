/**
 * Signs the page in: by Discord, or by a link of the operator that carries a one-time code in the fragment (never sent to a server,
 * never in a log). Both give a cookie that scripts cannot read; for it the Worker gives tokens of 15 minutes, which live in memory only.
 */
import { type SignInProblem, sentenceOf } from './sign-in-problems.ts';

interface TokenAnswer {
  token: string;
  expiresAt: number;
}

export interface Guild {
  id: string;
  name: string;
}

let current: TokenAnswer | undefined;
let pending: Promise<TokenAnswer> | undefined;

/** So long before its end a token is not used any more. ms. */
const SPARE_MS = 30_000;

/** There is no sign-in: the page asks for one. Any other error is worth another try. */
export class SignedOutError extends Error {}

async function post(path: string, body?: unknown): Promise<TokenAnswer> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body ?? {}),
  });
  if (!response.ok) {
    const answer = (await response.json().catch(() => undefined)) as { error?: { message?: string } } | undefined;
    const why = answer?.error?.message ?? `The server answered ${response.status}.`;
    throw response.status === 401 ? new SignedOutError(why) : new Error(why);
  }
  return (await response.json()) as TokenAnswer;
}

/** Takes a value out of the fragment, which is not to stay in the address. */
function takeFromLocation(name: string): string | undefined {
  const value = new URLSearchParams(location.hash.slice(1)).get(name) ?? undefined;
  if (value) history.replaceState(null, '', location.pathname + location.search);
  return value;
}

/** A valid token: the one in hand, or a fresh one. Calls at the same time share one request. */
export async function getToken(): Promise<string> {
  if (current && current.expiresAt - SPARE_MS > Date.now()) return current.token;
  pending ??= (async () => {
    const problem = takeFromLocation('sign-in');
    if (problem) throw new SignedOutError(sentenceOf(problem as SignInProblem));
    const code = takeFromLocation('code');
    return code ? await post('/api/auth/exchange', { code }) : await post('/api/auth/refresh');
  })();
  try {
    current = await pending;
  } finally {
    pending = undefined;
  }
  return current.token;
}

/** The servers that the signed-in user may watch. */
export async function fetchGuilds(): Promise<Guild[]> {
  const token = await getToken();
  const response = await fetch('/api/guilds', { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`The list of servers cannot be had (${response.status}).`);
  const { guilds } = (await response.json()) as { guilds: Guild[] };
  return guilds;
}

/** Is sign-in with Discord set up here? */
export async function canUseDiscord(): Promise<boolean> {
  const response = await fetch('/api/auth/options');
  return response.ok && ((await response.json()) as { discord: boolean }).discord;
}

/** Ends the sign-in of this browser, here and at Discord. */
export async function signOut(): Promise<void> {
  current = undefined;
  const response = await fetch('/api/auth/logout', { method: 'POST' });
  if (!response.ok) throw new Error(`Signing out failed (${response.status}). Try again.`);
}
