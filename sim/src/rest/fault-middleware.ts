import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context, MiddlewareHandler } from 'hono';
import type { FaultEffect, RestFaults } from './faults.ts';
import { tooManyRequests } from './rate-limits/answer.ts';

/** Lets the faults befall requests, before anything else looks at them. `pathOf`: the path as faults name it. */
export function faultMiddleware(faults: RestFaults, pathOf: (path: string) => string): MiddlewareHandler {
  return async (context, next) => {
    const effect = faults.take(context.req.method, pathOf(context.req.path));
    return effect ? befall(effect, faults, context, next) : next();
  };
}

async function befall(effect: FaultEffect, faults: RestFaults, context: Context, next: () => Promise<void>) {
  switch (effect.kind) {
    case 'status':
      return effect.body === 'html'
        ? context.html(cloudflarePage(effect.status), effect.status as 500)
        : context.json({ message: `${effect.status}: ${reason(effect.status)}`, code: 0 }, effect.status as 500);
    case 'rate_limited':
      return tooManyRequests(context, effect.retryAfter * 1000, effect.scope);
    case 'hang':
      return (await released(faults, context)) ? next() : RESPONSE_ALREADY_SENT;
    case 'slow':
      await new Promise((resolve) => setTimeout(resolve, effect.ms));
      return next();
    case 'reset':
      return reset(context);
    case 'lost':
      await next();
      // Only after the answer was ready; replaced, since the middleware's own return value is ignored after `next`.
      context.res = reset(context);
      return undefined;
  }
}

/** Resolves true when the faults are cleared, false when the client has gone. */
function released(faults: RestFaults, context: Context): Promise<boolean> {
  const { incoming } = context.env as HttpBindings;
  return new Promise((resolve) => {
    const gone = () => {
      forget();
      resolve(false);
    };
    const forget = faults.onClear(() => {
      incoming.socket.off('close', gone);
      resolve(true);
    });
    if (incoming.socket.destroyed) gone();
    else incoming.socket.once('close', gone);
  });
}

function reset(context: Context): Response {
  const { incoming } = context.env as HttpBindings;
  incoming.socket.resetAndDestroy();
  return RESPONSE_ALREADY_SENT;
}

const reasons: Record<number, string> = {
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};
const reason = (status: number) => reasons[status] ?? 'Server Error';

/** The kind of page that Cloudflare shows when Discord's servers behind it do not answer: no JSON, whoever expects it. */
function cloudflarePage(status: number): string {
  const title = `discord.com | ${status}: ${reason(status)}`;
  return `<!DOCTYPE html>\n<html lang="en-US"><head><title>${title}</title></head><body><h1>${reason(status)} <span>Error code ${status}</span></h1><p>Visit cloudflare.com for more information.</p></body></html>`;
}
