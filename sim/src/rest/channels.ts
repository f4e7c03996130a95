import { PermissionFlagsBits } from 'discord-api-types/v10';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Application, Message } from '../world/model.ts';
import { channelShape, messageShape } from '../world/shapes.ts';
import { authorized, bodyOf, needChannelPermission, type RestParts } from './context.ts';
import { ApiError, emptyMessage, missingPermissions, unknownMessage } from './errors.ts';
import { contentOf, isEmpty, messageBodySchema } from './message-body.ts';

const { ViewChannel, SendMessages, ReadMessageHistory, ManageMessages } = PermissionFlagsBits;

export function channelRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  const enter = (application: Application, channelId: string, bit: bigint) => {
    needChannelPermission(world, application, channelId, bit);
    return world.channel(channelId);
  };
  const messageIn = (channelId: string, id: string): Message => {
    const message = world.messages.get(id);
    if (message.channelId !== channelId || message.visibleTo !== undefined) throw unknownMessage();
    return message;
  };

  app.get('/channels/:channel', (context) =>
    context.json(channelShape(enter(authorized(world, context), context.req.param('channel'), ViewChannel))),
  );
  app.post('/channels/:channel/typing', (context) => {
    enter(authorized(world, context), context.req.param('channel'), SendMessages);
    return context.body(null, 204);
  });
  app.get('/channels/:channel/messages', (context) => {
    const channel = enter(authorized(world, context), context.req.param('channel'), ViewChannel | ReadMessageHistory);
    const limit = z.coerce
      .number()
      .int()
      .min(1)
      .max(100)
      .catch(50)
      .parse(context.req.query('limit') ?? 50);
    const before = context.req.query('before');
    const after = context.req.query('after');
    const found = world.messages
      .inChannel(channel.id)
      .filter(({ visibleTo }) => visibleTo === undefined)
      .filter(({ id }) => before === undefined || BigInt(id) < BigInt(before))
      .filter(({ id }) => after === undefined || BigInt(id) > BigInt(after));
    const page = after === undefined ? found.slice(-limit) : found.slice(0, limit);
    return context.json(page.reverse().map((message) => messageShape(world, message)));
  });
  app.get('/channels/:channel/messages/:message', (context) => {
    const channel = enter(authorized(world, context), context.req.param('channel'), ViewChannel | ReadMessageHistory);
    return context.json(messageShape(world, messageIn(channel.id, context.req.param('message'))));
  });
  app.post('/channels/:channel/messages', async (context) => {
    const application = authorized(world, context);
    const channel = enter(application, context.req.param('channel'), SendMessages);
    const body = await bodyOf(context, messageBodySchema);
    const content = contentOf(body);
    if (isEmpty(content)) throw emptyMessage();
    const replyTo = body.message_reference?.message_id;
    const message = world.messages.create(channel.id, application.botUserId, content, {
      ...(replyTo === undefined ? {} : { replyTo: messageIn(channel.id, replyTo).id }),
      ...(body.nonce === undefined ? {} : { nonce: body.nonce }),
    });
    return context.json(messageShape(world, message));
  });
  app.patch('/channels/:channel/messages/:message', async (context) => {
    const application = authorized(world, context);
    const channel = enter(application, context.req.param('channel'), ViewChannel);
    const message = messageIn(channel.id, context.req.param('message'));
    if (message.authorId !== application.botUserId)
      throw new ApiError(403, 50005, 'Cannot edit a message authored by another user');
    const change = contentOf(await bodyOf(context, messageBodySchema));
    if (isEmpty({ ...message, ...change })) throw emptyMessage();
    return context.json(messageShape(world, world.messages.edit(message.id, change)));
  });
  app.delete('/channels/:channel/messages/:message', (context) => {
    const application = authorized(world, context);
    const channel = enter(application, context.req.param('channel'), ViewChannel);
    const message = messageIn(channel.id, context.req.param('message'));
    const permissions = world.channelPermissionsOf(channel.id, application.botUserId);
    if (message.authorId !== application.botUserId && !(permissions & ManageMessages)) throw missingPermissions();
    world.messages.delete(message.id);
    return context.body(null, 204);
  });
  return app;
}
