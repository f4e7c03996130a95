import type { Settings } from '../env.ts';

/** A `fetch` from a Worker to Discord has been seen never to resolve: each call has a limit. Milliseconds. */
const CALL_MS = 5_000;

/** What Discord answered; never thrown, since each caller does something else about it. */
export type DiscordAnswer =
  | { kind: 'ok'; body: unknown }
  /** Refused for good: `status` and Discord's own code, such as 403 / 50013. */
  | { kind: 'refused'; status: number; code: number }
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

/**
 * One call to Discord as the main identity. Errors of the network, 5xx and 429 are `later`; the caller's alarm asks again, so
 * every call must be one that may be repeated.
 */
export async function callDiscord(
  { DISCORD_API_URL, DISCORD_TOKEN }: Pick<Settings, 'DISCORD_API_URL' | 'DISCORD_TOKEN'>,
  { method, path, body }: DiscordCall,
): Promise<DiscordAnswer> {
  if (DISCORD_TOKEN === undefined) return { kind: 'refused', status: 401, code: 0 };
  let response: Response;
  try {
    response = await fetch(`${DISCORD_API_URL}/v10${path}`, {
      method,
      headers: { authorization: `Bot ${DISCORD_TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(CALL_MS),
    });
  } catch (error) {
    console.error(`discord: ${method} ${path} had no answer (${error instanceof Error ? error.name : 'error'})`);
    return { kind: 'later', afterMs: UNSAID_MS };
  }
  const answer = await jsonOf(response);
  if (response.ok) return { kind: 'ok', body: answer };
  if (response.status === 429) return { kind: 'later', afterMs: retryAfter(response, answer) };
  if (response.status >= 500) return { kind: 'later', afterMs: UNSAID_MS };
  const code = typeof answer === 'object' && answer !== null && 'code' in answer ? Number(answer.code) : 0;
  return { kind: 'refused', status: response.status, code: Number.isFinite(code) ? code : 0 };
}

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
