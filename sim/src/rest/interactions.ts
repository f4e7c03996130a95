/** Where an application answers an interaction: the callback, and the webhook that lives for 15 minutes after it. */
import { MessageFlags } from 'discord-api-types/v10';
import { type Context, Hono } from 'hono';
import { callbackBodySchema } from '../interactions/callback.ts';
import type { Interaction } from '../interactions/interactions.ts';
import type { Message } from '../world/model.ts';
import { messageShape } from '../world/shapes.ts';
import { bodyOf, type RestParts } from './context.ts';
import { ApiError, emptyMessage, unknownInteraction, unknownMessage, unknownWebhook } from './errors.ts';
import { contentOf, isEmpty, messageBodySchema } from './message-body.ts';

export function interactionRoutes({ world, interactions }: RestParts): Hono {
  const app = new Hono();
  // No Authorization on any of these: the token in the path is the credential.
  app.post('/interactions/:id/:token/callback', async (context) => {
    const interaction = interactions.byToken(context.req.param('token'));
    if (interaction?.id !== context.req.param('id')) throw unknownInteraction();
    const callback = await bodyOf(context, callbackBodySchema);
    interactions.answer(interaction, callback);
    if (context.req.query('with_response') !== 'true') return context.body(null, 204);
    const message = interaction.responseId === undefined ? undefined : world.messages.get(interaction.responseId);
    const flags = message?.flags ?? 0;
    return context.json({
      interaction: {
        id: interaction.id,
        type: interaction.kind,
        ...(message
          ? {
              response_message_id: message.id,
              response_message_loading: (flags & MessageFlags.Loading) !== 0,
              response_message_ephemeral: (flags & MessageFlags.Ephemeral) !== 0,
            }
          : {}),
      },
      resource: { type: callback.type, ...(message ? { message: messageShape(world, message) } : {}) },
    });
  });

  /** Undefined for webhooks that are no application's. */
  const find = (context: Context): Interaction | undefined => {
    const applicationId = context.req.param('webhook') ?? '';
    if (!world.applications.has(applicationId)) return undefined;
    const interaction = interactions.byToken(context.req.param('token') ?? '');
    if (interaction?.applicationId !== applicationId || interactions.isExpired(interaction))
      throw new ApiError(401, 50027, 'Invalid Webhook Token');
    if (interaction.state !== 'answered') throw unknownWebhook();
    return interaction;
  };
  const messageOf = (interaction: Interaction, context: Context): Message => {
    const id = context.req.param('message') ?? '';
    const found = id === '@original' ? interaction.responseId : interaction.followUpIds.find((own) => own === id);
    const known = found ?? (id === interaction.responseId ? id : undefined);
    if (known === undefined) throw unknownMessage();
    return world.messages.get(known);
  };
  const base = '/webhooks/:webhook/:token';
  app.post(base, async (context, next) => {
    const interaction = find(context);
    if (!interaction) return next();
    const content = contentOf(await bodyOf(context, messageBodySchema));
    if (isEmpty(content)) throw emptyMessage();
    return context.json(messageShape(world, interactions.followUp(interaction, content)));
  });
  app.get(`${base}/messages/:message`, async (context, next) => {
    const interaction = find(context);
    if (!interaction) return next();
    return context.json(messageShape(world, messageOf(interaction, context)));
  });
  app.patch(`${base}/messages/:message`, async (context, next) => {
    const interaction = find(context);
    if (!interaction) return next();
    const message = messageOf(interaction, context);
    const change = contentOf(await bodyOf(context, messageBodySchema), message.flags);
    if (isEmpty({ ...message, ...change })) throw emptyMessage();
    return context.json(messageShape(world, interactions.edit(interaction, message.id, change)));
  });
  app.delete(`${base}/messages/:message`, async (context, next) => {
    const interaction = find(context);
    if (!interaction) return next();
    interactions.remove(interaction, messageOf(interaction, context).id);
    return context.body(null, 204);
  });
  return app;
}
