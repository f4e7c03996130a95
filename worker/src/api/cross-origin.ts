import { errorBody } from '@patchbay/shared/errors';
import type { MiddlewareHandler } from 'hono';
import { isOwnOrigin } from '../auth/origins.ts';
import { type Env, settingsOf } from '../env.ts';
import { count } from '../metrics/registry.ts';

/** How long a browser may remember the answer to a preflight. Seconds. */
const PREFLIGHT_SECONDS = 600;

/**
 * Routes that take a token, from pages of other origins: those of `ALLOWED_ORIGINS` alone. What sends no `Origin` is no page, and is
 * judged by its token. Cookies play no part here, so none are allowed along.
 */
export const crossOrigin: MiddlewareHandler<{ Bindings: Env }> = async (context, next) => {
  const origin = context.req.header('origin');
  if (origin === undefined || isOwnOrigin(origin, context.req.url)) return next();
  if (!settingsOf(context.env).ALLOWED_ORIGINS.includes(origin)) {
    count('patchbay_origin_refusals_total', {});
    const message = 'Pages of this origin may not call. Add it to the setting ALLOWED_ORIGINS of the Worker.';
    return context.json(errorBody('origin_refused', message), 403);
  }
  // A WebSocket's handshake has no CORS; its answer is left as it is.
  if (context.req.header('upgrade') !== undefined) return next();
  if (context.req.method === 'OPTIONS') {
    return context.body(null, 204, {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-max-age': String(PREFLIGHT_SECONDS),
      vary: 'Origin',
    });
  }
  await next();
  context.header('access-control-allow-origin', origin);
  context.header('access-control-expose-headers', 'retry-after');
  context.header('vary', 'Origin', { append: true });
};
