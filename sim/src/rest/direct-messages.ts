/** https://discord.com/developers/docs/resources/user#create-dm */
import { RESTJSONErrorCodes } from 'discord-api-types/v10';
import { Hono } from 'hono';
import { z } from 'zod';
import { directChannelShape } from '../world/shapes.ts';
import { authorized, bodyOf, type RestParts } from './context.ts';
import { ApiError } from './errors.ts';
import { notSnowflake } from './form-errors.ts';

const openSchema = z.object({ recipient_id: z.string().regex(/^\d{1,20}$/, notSnowflake) });

export function directMessageRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  // Opening always works with a person who exists; only sending tells that they do not want it.
  app.post('/users/@me/channels', async (context) => {
    const application = authorized(world, context);
    const { recipient_id } = await bodyOf(context, openSchema);
    const recipient = world.users.get(recipient_id);
    if (!recipient) throw new ApiError(400, RESTJSONErrorCodes.InvalidRecipients, 'Invalid Recipient(s)');
    if (recipient.bot)
      throw new ApiError(400, RESTJSONErrorCodes.CannotSendMessagesToThisUser, 'Cannot send messages to this user');
    return context.json(directChannelShape(world, world.openDirectChannel(application.botUserId, recipient.id)));
  });
  return app;
}
