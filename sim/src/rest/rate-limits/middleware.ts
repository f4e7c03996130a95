import { createHash } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import type { Match } from '../route-table.ts';
import { tooManyRequests } from './answer.ts';
import { channelNameLimit, isExemptFromGlobal, limitOf, majorParameters } from './table.ts';
import { Windows } from './windows.ts';

export interface RateLimitOptions {
  /** `discord` (default) counts; `off` never refuses and sends no headers. */
  rateLimits?: 'discord' | 'off';
  /** Requests of one bot in a second, all routes together. Default 50. */
  globalPerSecond?: number;
  /** All windows last so many times as long as Discord's: 0.01 makes a test wait out a bucket in milliseconds. Default 1. */
  windowScale?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  clock?: () => number;
}

/** Counts each request by bot, bucket and top-level resource. `matchOf` tells the route; requests without one pass. */
export function rateLimitMiddleware(
  options: RateLimitOptions,
  matchOf: (context: Context) => Match | undefined,
): MiddlewareHandler {
  const { rateLimits = 'discord', globalPerSecond = 50, windowScale = 1, clock = Date.now } = options;
  const windows = new Windows();
  const scaled = ({ limit, windowMs }: { limit: number; windowMs: number }) => ({
    limit,
    windowMs: windowMs * windowScale,
  });
  const globalLimit = scaled({ limit: globalPerSecond, windowMs: 1000 });

  return async (context, next) => {
    const match = matchOf(context);
    if (rateLimits === 'off' || !match) return next();
    const now = clock();
    // Without a token (webhooks, interactions) the resource in the path is all there is to count by.
    const caller = context.req.header('authorization') ?? '';
    if (!isExemptFromGlobal(match) && caller !== '') {
      const { allowed, resetAt } = windows.take(`global ${caller}`, globalLimit, now);
      if (!allowed) return tooManyRequests(context, resetAt - now, 'global');
    }

    const limit = scaled(limitOf(match));
    const major = majorParameters.map((name) => match.params[name] ?? '').join('/');
    const taken = windows.take(`${caller} ${match.method} ${match.pattern} ${major}`, limit, now);
    const resetAfter = (taken.resetAt - now) / 1000;
    context.header('X-RateLimit-Bucket', bucketHash(match));
    context.header('X-RateLimit-Limit', String(limit.limit));
    context.header('X-RateLimit-Remaining', String(taken.remaining));
    context.header('X-RateLimit-Reset', (taken.resetAt / 1000).toFixed(3));
    context.header('X-RateLimit-Reset-After', resetAfter.toFixed(3));
    if (!taken.allowed) return tooManyRequests(context, taken.resetAt - now, 'user');

    if (await renamesChannel(match, context)) {
      const { allowed, resetAt } = windows.take(`name ${match.params.channel}`, scaled(channelNameLimit), now);
      if (!allowed) return tooManyRequests(context, resetAt - now, 'shared');
    }
    return next();
  };
}

/** Opaque to clients; the same for all resources of a route, so that it says nothing about whose it is. */
function bucketHash({ method, pattern }: Match): string {
  return createHash('md5').update(`${method} ${pattern}`).digest('hex');
}

async function renamesChannel({ method, pattern }: Match, context: Context): Promise<boolean> {
  if (method !== 'PATCH' || pattern !== '/channels/:channel') return false;
  try {
    const body: unknown = JSON.parse(await context.req.text());
    return typeof body === 'object' && body !== null && ('name' in body || 'topic' in body);
  } catch {
    return false; // the route itself refuses broken JSON
  }
}
