import { Hono } from 'hono';
import { WorldError } from '../world/errors.ts';
import { applicationRoutes } from './applications.ts';
import { channelRoutes } from './channels.ts';
import type { RestParts } from './context.ts';
import { ApiError, worldErrors } from './errors.ts';
import { gatewayRoutes } from './gateway.ts';
import { guildRoutes } from './guilds.ts';
import { interactionRoutes } from './interactions.ts';

/** Discord's REST API, version 10, under `/api/v10`. */
export function restApp(parts: RestParts): Hono {
  const api = new Hono();
  api.route('/', gatewayRoutes(parts));
  api.route('/', guildRoutes(parts));
  api.route('/', channelRoutes(parts));
  api.route('/', applicationRoutes(parts));
  api.route('/', interactionRoutes(parts));

  // Clients that encode path segments send `@me` and `@original` as `%40me` and `%40original`.
  const app = new Hono({ getPath: (request) => new URL(request.url).pathname.replaceAll('%40', '@') });
  app.route('/api/v10', api);
  app.notFound((context) => context.json({ message: '404: Not Found', code: 0 }, 404));
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
