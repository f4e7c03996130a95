import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { WorldError } from '../world/errors.ts';
import { applicationRoutes } from './applications.ts';
import { cdnRoutes } from './cdn.ts';
import { channelRoutes } from './channels.ts';
import type { RestParts } from './context.ts';
import { RestCounters } from './counters.ts';
import { directMessageRoutes } from './direct-messages.ts';
import { ApiError, invalidVersion, methodNotAllowed, notFound, worldErrors, wrongId } from './errors.ts';
import { faultMiddleware } from './fault-middleware.ts';
import { RestFaults } from './faults.ts';
import { gatewayRoutes } from './gateway.ts';
import { banRoutes } from './guild/bans.ts';
import { guildRoutes } from './guild/guild.ts';
import { memberRoutes } from './guild/members.ts';
import { roleRoutes } from './guild/roles.ts';
import { voiceStateRoutes } from './guild/voice-states.ts';
import { interactionRoutes } from './interactions.ts';
import { inviteRoutes } from './invites.ts';
import { messageRoutes } from './messages/messages.ts';
import { pinRoutes } from './messages/pins.ts';
import { reactionRoutes } from './messages/reactions.ts';
import { authorizeRoutes } from './oauth2/authorize.ts';
import { Grants } from './oauth2/grants.ts';
import { tokenRoutes } from './oauth2/token.ts';
import { ownApplicationRoutes } from './own-application.ts';
import { type RateLimitOptions, rateLimitMiddleware } from './rate-limits/middleware.ts';
import { type Match, RouteTable, wrongSnowflake } from './route-table.ts';
import { threadRoutes } from './threads.ts';
import { userRoutes } from './users.ts';
import { webhookMessageRoutes, webhookRoutes } from './webhooks.ts';

export interface RestOptions extends RateLimitOptions {
  faults?: RestFaults;
  counters?: RestCounters;
}

/** The path as the routes know it: without `/api` and the version. */
const bare = (path: string) => path.replace(/^\/api(\/v\d+)?(?=\/|$)/, '');

/** Discord's REST API, versions 9 and 10, under `/api/v10`; `/api` alone is taken as 10 (Discord's is older). */
export function restApp(given: Omit<RestParts, 'grants'>, options: RestOptions = {}): Hono {
  const parts: RestParts = { ...given, grants: new Grants() };
  const { faults = new RestFaults(), counters = new RestCounters() } = options;
  const routes = [
    gatewayRoutes,
    guildRoutes,
    roleRoutes,
    memberRoutes,
    banRoutes,
    voiceStateRoutes,
    inviteRoutes,
    threadRoutes,
    channelRoutes,
    pinRoutes,
    messageRoutes,
    directMessageRoutes,
    reactionRoutes,
    applicationRoutes,
    ownApplicationRoutes,
    webhookMessageRoutes,
    interactionRoutes,
    webhookRoutes,
    userRoutes,
    authorizeRoutes,
    tokenRoutes,
  ];
  const api = new Hono();
  for (const group of routes) api.route('/', group(parts));

  const table = new RouteTable(api);
  const found = (context: Context) => table.find(context.req.method, bare(context.req.path));
  const matchOf = (context: Context): Match | undefined => {
    const match = found(context);
    return typeof match === 'object' ? match : undefined;
  };
  /** What is wrong with an address, before anybody asks who calls. */
  const checkAddress: MiddlewareHandler = async (context, next) => {
    const version = /^\/api\/v(\d+)(\/|$)/.exec(context.req.path)?.[1];
    if (version !== undefined && version !== '9' && version !== '10') throw invalidVersion();
    const match = found(context);
    if (match === undefined) throw notFound();
    if (match === 'wrong method') throw methodNotAllowed();
    const wrong = wrongSnowflake(match.params);
    if (wrong) throw wrongId(wrong.name, wrong.value);
    await next();
  };

  // Clients that encode path segments send `@me` and `@original` as `%40me` and `%40original`.
  const app = new Hono({ getPath: (request) => new URL(request.url).pathname.replaceAll('%40', '@') });
  app.use('/api/*', async (context, next) => {
    await next();
    counters.count(context.res.status);
  });
  app.use('/api/*', faultMiddleware(faults, bare));
  app.use('/api/*', checkAddress);
  app.use('/api/*', rateLimitMiddleware(options, matchOf));
  for (const base of ['/api/v10', '/api/v9', '/api']) app.route(base, api);
  app.route('/', cdnRoutes(parts));
  // The page stands on discord.com itself; `/api/oauth2/authorize` leads to the same one.
  app.route('/', authorizeRoutes(parts));
  app.notFound((context) => context.json(notFound().body(), 404));
  app.onError((error, context) => {
    if (error instanceof ApiError) return context.json(error.body(), error.status);
    if (error instanceof WorldError) {
      const [status, code, message] = worldErrors[error.code];
      return context.json({ message, code }, status);
    }
    process.stderr.write(`REST ${context.req.method} ${context.req.path}: ${error.stack ?? error.message}\n`);
    return context.json({ message: '500: Internal Server Error', code: 0 }, 500);
  });
  return app;
}
