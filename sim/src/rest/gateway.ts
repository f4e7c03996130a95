import { Hono } from 'hono';
import { applicationShape, userShape } from '../world/shapes.ts';
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
  app.get('/users/@me', (context) => {
    const { botUserId } = authorized(world, context);
    return context.json({ ...userShape(world.user(botUserId)), verified: true, mfa_enabled: false, email: null });
  });
  app.get('/users/@me/guilds', (context) => {
    const { botUserId } = authorized(world, context);
    return context.json(
      world.guildsOf(botUserId).map((guild) => ({
        id: guild.id,
        name: guild.name,
        icon: null,
        banner: null,
        owner: false,
        permissions: world.guildPermissionsOf(guild.id, botUserId).toString(),
        features: [],
      })),
    );
  });
  app.get('/users/:user', (context) => {
    authorized(world, context);
    return context.json(userShape(world.user(context.req.param('user'))));
  });
  for (const path of ['/applications/@me', '/oauth2/applications/@me']) {
    app.get(path, (context) => context.json(applicationShape(authorized(world, context), world)));
  }
  return app;
}
