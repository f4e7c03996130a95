import type { Settings } from '../env.ts';
import { count } from '../metrics/registry.ts';

/** What Discord answered; never thrown, since each caller does something else about it. */
export type DiscordAnswer =
  | { kind: 'ok'; body: unknown }
  /** Refused for good: `status` and Discord's own code, such as 403 / 50013; `error`: OAuth2's, such as `invalid_grant`. */
  | { kind: 'refused'; status: number; code: number; error?: string }
  /** To be asked again after this time, in milliseconds. */
  | { kind: 'later'; afterMs: number };

export interface DiscordCall {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/v10`, such as `/channels/1/messages`. */
  path: string;
  body?: unknown;
}

/** How long to wait when Discord does not say it, in milliseconds. */
const UNSAID_MS = 2_000;

type Access = Pick<Settings, 'DISCORD_API_URL' | 'DISCORD_TIMEOUT_MS'>;

/**
 * One call to Discord as the main identity. Errors of the network, 5xx and 429 are `later`; the caller's alarm asks again, so
 * every call must be one that may be repeated.
 */
export async function callDiscord(
  settings: Access & Pick<Settings, 'DISCORD_TOKEN'>,
  { method, path, body }: DiscordCall,
): Promise<DiscordAnswer> {
  if (settings.DISCORD_TOKEN === undefined) return { kind: 'refused', status: 401, code: 0 };
  return askDiscord(settings, path, {
    method,
    headers: { authorization: `Bot ${settings.DISCORD_TOKEN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** One call to Discord as whoever the headers say, with a time limit: a `fetch` from a Worker has been seen never to resolve. */
export async function askDiscord(
  { DISCORD_API_URL, DISCORD_TIMEOUT_MS }: Access,
  path: string,
  init: RequestInit & { method: string },
): Promise<DiscordAnswer> {
  const labels = { method: init.method, route: routeOf(path) };
  let response: Response;
  let answer: unknown;
  try {
    const signal = AbortSignal.timeout(DISCORD_TIMEOUT_MS);
    response = await fetch(`${DISCORD_API_URL}/v10${path}`, { ...init, signal });
    answer = await jsonOf(response);
  } catch (error) {
    count('patchbay_discord_requests_total', { ...labels, status: 'none' });
    console.error(
      `discord: ${init.method} ${labels.route} had no answer (${error instanceof Error ? error.name : 'error'})`,
    );
    return { kind: 'later', afterMs: UNSAID_MS };
  }
  count('patchbay_discord_requests_total', { ...labels, status: String(response.status) });
  if (response.ok) return { kind: 'ok', body: answer };
  if (response.status === 429) return { kind: 'later', afterMs: retryAfter(response, answer) };
  if (response.status >= 500) return { kind: 'later', afterMs: UNSAID_MS };
  const { code, error } = typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {};
  return {
    kind: 'refused',
    status: response.status,
    code: Number.isFinite(Number(code)) ? Number(code) : 0,
    ...(typeof error === 'string' ? { error } : {}),
  };
}

/** A path without its ids, for counters: a bounded set. */
export const routeOf = (path: string): string => path.replace(/\?.*$/, '').replaceAll(/\/\d+(?=\/|$)/g, '/:id');

function retryAfter(response: Response, answer: unknown): number {
  const said =
    typeof answer === 'object' && answer !== null && 'retry_after' in answer ? answer.retry_after : undefined;
  const seconds = Number(said ?? response.headers.get('retry-after'));
  return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds * 1000) : UNSAID_MS;
}

/** The body as JSON; a proxy's page of HTML, or nothing, is `undefined`. */
async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the status says the rest
  }
}
