import { PermissionFlagsBits } from 'discord-api-types/v10';
import { Hono } from 'hono';
import { channelShape, directChannelShape } from '../world/shapes.ts';
import { authorized, needChannelPermission, type RestParts } from './context.ts';

export function channelRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  app.get('/channels/:channel', (context) => {
    const application = authorized(world, context);
    const id = context.req.param('channel');
    needChannelPermission(world, application, id, PermissionFlagsBits.ViewChannel);
    const direct = world.directChannels.get(id);
    return context.json(direct ? directChannelShape(world, direct) : channelShape(world.channel(id)));
  });
  return app;
}
