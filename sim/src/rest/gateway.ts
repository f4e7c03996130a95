import { Hono } from 'hono';
import { authorized, type RestParts } from './context.ts';

export function gatewayRoutes({ world, gateway }: RestParts): Hono {
  const app = new Hono();
  // The only route that needs no token; some clients call it without one and retry for ever on 401.
  app.get('/gateway', (context) => context.json({ url: gateway.url }));
  app.get('/gateway/bot', (context) => {
    const { id } = authorized(world, context);
    return context.json({
      url: gateway.url,
      shards: gateway.limits.settings(id).shards,
      session_start_limit: gateway.limits.shape(id),
    });
  });
  return app;
}
