/** https://discord.com/developers/docs/resources/application#edit-current-application */
import { Hono } from 'hono';
import { z } from 'zod';
import type { Interactions } from '../interactions/interactions.ts';
import type { Application } from '../world/model.ts';
import { applicationShape } from '../world/shapes.ts';
import { authorized, bodyOf, type RestParts } from './context.ts';
import { formRefusal } from './errors.ts';

const changeSchema = z.object({
  description: z.string().max(400).optional(),
  interactions_endpoint_url: z
    .url({ protocol: /^https?$/, error: 'Not a well formed URL.' })
    .or(z.literal(''))
    .nullish(),
});

export function ownApplicationRoutes({ world, interactions }: RestParts): Hono {
  const app = new Hono();
  for (const path of ['/applications/@me', '/oauth2/applications/@me']) {
    app.get(path, (context) => context.json(applicationShape(authorized(world, context), world)));
  }
  app.patch('/applications/@me', async (context) => {
    const application = authorized(world, context);
    const { description, interactions_endpoint_url: url } = await bodyOf(context, changeSchema);
    if (url !== undefined) await setInteractionsUrl(interactions, application, url || undefined);
    if (description !== undefined) application.description = description;
    return context.json(applicationShape(application, world));
  });
  return app;
}

/** Discord takes an address only after it has answered a PING, and refused one with a wrong signature. */
async function setInteractionsUrl(
  interactions: Interactions,
  application: Application,
  url: string | undefined,
): Promise<void> {
  const before = application.interactionsUrl;
  application.interactionsUrl = url;
  if (url === undefined) return;
  const good = await interactions.ping(application.id, 'good');
  const forged = await interactions.ping(application.id, 'forged');
  if (good.outcome === 'pong' && forged.status === 401) return;
  application.interactionsUrl = before;
  const message = 'The specified interactions endpoint URL could not be verified.';
  const error = { code: 'APPLICATION_INTERACTIONS_ENDPOINT_VALIDATION_FAILED', message };
  throw formRefusal([[['interactions_endpoint_url'], error]]);
}
