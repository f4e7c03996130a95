/** Where an application answers an interaction: the callback, and the webhook that lives for 15 minutes after it. */
import { Hono } from 'hono';
import { callbackSchema } from '../interactions/callback.ts';
import { messageShape } from '../world/shapes.ts';
import { bodyOf, type RestParts } from './context.ts';
import { emptyMessage, unknownInteraction, unknownMessage, unknownWebhook } from './errors.ts';
import { contentOf, isEmpty, messageBodySchema } from './message-body.ts';

export function interactionRoutes({ world, interactions }: RestParts): Hono {
  const app = new Hono();
  // No Authorization on any of these: the token in the path is the credential.
  app.post('/interactions/:id/:token/callback', async (context) => {
    const interaction = interactions.byToken(context.req.param('token'));
    if (interaction?.id !== context.req.param('id')) throw unknownInteraction();
    const callback = await bodyOf(context, callbackSchema);
    interactions.answer(interaction, callback);
    if (context.req.query('with_response') !== 'true') return context.body(null, 204);
    const message = interaction.responseId === undefined ? undefined : world.messages.get(interaction.responseId);
    return context.json({
      interaction: { id: interaction.id, type: 2, response_message_id: message?.id },
      ...(message ? { resource: { type: callback.type, message: messageShape(world, message) } } : {}),
    });
  });

  const base = '/webhooks/:webhook/:token';
  const find = (application: string, token: string) => {
    const interaction = interactions.byToken(token);
    if (interaction?.applicationId !== application || !interactions.isLive(interaction)) throw unknownWebhook();
    return interaction;
  };
  const messageId = (interaction: ReturnType<typeof find>, id: string): string => {
    const found = id === '@original' ? interaction.responseId : interaction.followUpIds.find((own) => own === id);
    if (found === undefined) throw unknownMessage();
    return found;
  };
  app.post(base, async (context) => {
    const interaction = find(context.req.param('webhook'), context.req.param('token'));
    const content = contentOf(await bodyOf(context, messageBodySchema));
    if (isEmpty(content)) throw emptyMessage();
    return context.json(messageShape(world, interactions.followUp(interaction, content)));
  });
  app.get(`${base}/messages/:message`, (context) => {
    const interaction = find(context.req.param('webhook'), context.req.param('token'));
    const id = messageId(interaction, context.req.param('message'));
    return context.json(messageShape(world, world.messages.get(id)));
  });
  app.patch(`${base}/messages/:message`, async (context) => {
    const interaction = find(context.req.param('webhook'), context.req.param('token'));
    const id = messageId(interaction, context.req.param('message'));
    const change = contentOf(await bodyOf(context, messageBodySchema), world.messages.get(id).flags);
    if (isEmpty({ ...world.messages.get(id), ...change })) throw emptyMessage();
    return context.json(messageShape(world, interactions.edit(interaction, id, change)));
  });
  app.delete(`${base}/messages/:message`, (context) => {
    const interaction = find(context.req.param('webhook'), context.req.param('token'));
    interactions.remove(interaction, messageId(interaction, context.req.param('message')));
    return context.body(null, 204);
  });
  return app;
}
