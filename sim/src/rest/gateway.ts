import { Hono } from 'hono';
import { authorized, type RestParts } from './context.ts';

export function gatewayRoutes({ world, gateway, recommendedShards }: RestParts): Hono {
  const app = new Hono();
  // The only route that needs no token; some clients call it without one and retry for ever on 401.
  app.get('/gateway', (context) => context.json({ url: gateway.url }));
  app.get('/gateway/bot', (context) => {
    authorized(world, context);
    return context.json({
      url: gateway.url,
      shards: recommendedShards,
      session_start_limit: { total: 1000, remaining: 1000, reset_after: 86_400_000, max_concurrency: 1 },
    });
  });
  return app;
}
