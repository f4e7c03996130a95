/**
 * Signs the page in. A link from the operator carries a one-time code in the fragment (never sent to a server, never in a
 * log); it is exchanged for a token of 15 minutes and a refresh cookie. Tokens live in memory only.
 */
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

export class SignedOutError extends Error {}

async function post(path: string, body?: unknown): Promise<TokenAnswer> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body ?? {}),
  });
  if (!response.ok) {
    const answer = (await response.json().catch(() => undefined)) as { error?: { message?: string } } | undefined;
    throw new SignedOutError(answer?.error?.message ?? `The server answered ${response.status}.`);
  }
  return (await response.json()) as TokenAnswer;
}

function codeFromLocation(): string | undefined {
  const code = new URLSearchParams(location.hash.slice(1)).get('code') ?? undefined;
  if (code) history.replaceState(null, '', location.pathname + location.search);
  return code;
}

/** A valid token: the one in hand, or a fresh one. Calls at the same time share one request. */
export async function getToken(): Promise<string> {
  if (current && current.expiresAt - SPARE_MS > Date.now()) return current.token;
  pending ??= (async () => {
    const code = codeFromLocation();
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
