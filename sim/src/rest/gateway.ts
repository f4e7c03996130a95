import { Hono } from 'hono';
import { applicationShape } from '../world/shapes.ts';
import { authorized, type RestParts } from './context.ts';

export function gatewayRoutes({ world, gateway }: RestParts): Hono {
  const app = new Hono();
  // The only route that needs no token; some clients call it without one and retry for ever on 401.
  app.get('/gateway', (context) => context.json({ url: gateway.url }));
  app.get('/gateway/bot', (context) => {
    authorized(world, context);
    return context.json({
      url: gateway.url,
      shards: 1,
      session_start_limit: { total: 1000, remaining: 1000, reset_after: 86_400_000, max_concurrency: 1 },
    });
  });
  for (const path of ['/applications/@me', '/oauth2/applications/@me']) {
    app.get(path, (context) => context.json(applicationShape(authorized(world, context), world)));
  }
  return app;
}
