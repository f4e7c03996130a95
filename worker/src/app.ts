import { errorBody, PatchbayError } from '@patchbay/shared/errors';
import { Hono } from 'hono';
import { authRoutes } from './api/auth.ts';
import { crossOrigin } from './api/cross-origin.ts';
import { discordLoginRoutes } from './api/discord-login.ts';
import { guildRoutes } from './api/guilds.ts';
import { internalRoutes } from './api/internal.ts';
import { operationsRoutes } from './api/operations.ts';
import { recordingRoutes } from './api/recordings.ts';
import { recordingInternalRoutes } from './api/recordings-internal.ts';
import { rejoinRoutes } from './api/rejoin.ts';
import { sessionRoutes } from './api/sessions.ts';
import type { Env } from './env.ts';
import { interactionRoutes } from './interactions/route.ts';

/** Every route of the Worker; what is not one of them is a page of the dashboard. */
export const app = new Hono<{ Bindings: Env }>();

app.use('/api/guilds/*', crossOrigin);
app.use('/api/ws', crossOrigin);

app.route('/', interactionRoutes);
app.route('/', internalRoutes);
app.route('/', recordingInternalRoutes);
app.route('/', sessionRoutes);
app.route('/', authRoutes);
app.route('/', discordLoginRoutes);
app.route('/', guildRoutes);
app.route('/', recordingRoutes);
app.route('/', rejoinRoutes);
app.route('/', operationsRoutes);

app.notFound((context) => {
  const { path } = context.req;
  if (path.startsWith('/api/') || !context.env.ASSETS) {
    return context.json(errorBody('route_unknown', 'There is no such route; see docs/protocol.md.'), 404);
  }
  return context.env.ASSETS.fetch(context.req.raw);
});

app.onError((error, context) => {
  console.error('request failed', error);
  if (error instanceof PatchbayError && error.code === 'settings_invalid') {
    return context.json(errorBody(error.code, error.message), 500);
  }
  return context.json(errorBody('internal', 'Something went wrong here. Try again; the log says more.'), 500);
});
