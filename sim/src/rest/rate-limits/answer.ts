import type { Context } from 'hono';

export type RateLimitScope = 'user' | 'shared' | 'global';

/**
 * 429 as Discord answers it (https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit): the header in
 * whole seconds, the body exact. The headers of a bucket must have been set before.
 */
export function tooManyRequests(context: Context, retryAfterMs: number, scope: RateLimitScope): Response {
  const global = scope === 'global';
  if (global) context.header('X-RateLimit-Global', 'true');
  context.header('X-RateLimit-Scope', scope);
  context.header('Retry-After', String(Math.ceil(retryAfterMs / 1000)));
  const body = { message: 'You are being rate limited.', retry_after: Math.round(retryAfterMs) / 1000, global };
  return context.json(body, 429);
}
