/** Pins, by the new routes and the old ones (https://discord.com/developers/docs/resources/message#get-channel-pins). */
import { PermissionFlagsBits, RESTJSONErrorCodes } from 'discord-api-types/v10';
import { Hono } from 'hono';
import { messageShape } from '../../world/shapes.ts';
import type { World } from '../../world/world.ts';
import { authorized, type RestParts } from '../context.ts';
import { ApiError, missingPermissions } from '../errors.ts';
import { enter, messageIn } from './place.ts';

const { ViewChannel, ReadMessageHistory, ManageMessages, PinMessages } = PermissionFlagsBits;
const maxPins = 250;

export function pinRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  app.get('/channels/:channel/pins', (context) => {
    const application = authorized(world, context);
    const channel = enter(world, application, context.req.param('channel'), ViewChannel | ReadMessageHistory);
    return context.json(world.messages.pinned(channel.id).map((message) => messageShape(world, message)));
  });
  app.get('/channels/:channel/messages/pins', (context) => {
    const application = authorized(world, context);
    const channel = enter(world, application, context.req.param('channel'), ViewChannel | ReadMessageHistory);
    const items = world.messages.pinned(channel.id).map((message) => {
      return { pinned_at: new Date(message.pinnedAt ?? 0).toISOString(), message: messageShape(world, message) };
    });
    return context.json({ items, has_more: false });
  });
  for (const base of ['/channels/:channel/pins/:message', '/channels/:channel/messages/pins/:message']) {
    for (const method of ['PUT', 'DELETE'] as const) {
      app.on(method, base, (context) => {
        const application = authorized(world, context);
        const channel = enter(world, application, context.req.param('channel') ?? '', ViewChannel);
        if (channel.kind !== 'dm') needPin(world.channelPermissionsOf(channel.id, application.botUserId));
        pin(world, channel.id, context.req.param('message') ?? '', method === 'PUT');
        return context.body(null, 204);
      });
    }
  }
  return app;
}

/** Discord split Pin Messages off Manage Messages; either is taken. */
function needPin(permissions: bigint): void {
  if (!(permissions & (ManageMessages | PinMessages))) throw missingPermissions();
}

function pin(world: World, channelId: string, id: string, pinned: boolean): void {
  const message = messageIn(world, channelId, id);
  const isNew = pinned && message.pinnedAt === undefined;
  if (isNew && world.messages.pinned(channelId).length >= maxPins) {
    const text = `Maximum number of pins reached (${maxPins})`;
    throw new ApiError(400, RESTJSONErrorCodes.MaximumNumberOfPinsReachedForTheChannel, text);
  }
  world.messages.pin(message.id, pinned);
}
