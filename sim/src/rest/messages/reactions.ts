/** https://discord.com/developers/docs/resources/message#create-reaction */
import { PermissionFlagsBits, RESTJSONErrorCodes } from 'discord-api-types/v10';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { userShape } from '../../world/shapes.ts';
import { authorized, needChannelPermission, type RestParts } from '../context.ts';
import { ApiError } from '../errors.ts';
import { enter, messageIn } from './place.ts';

const { ViewChannel, ReadMessageHistory, AddReactions, ManageMessages } = PermissionFlagsBits;
const reading = ViewChannel | ReadMessageHistory;
/** Different emojis on one message. */
const maxEmojis = 20;

export function reactionRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  const base = '/channels/:channel/messages/:message/reactions';
  const find = (context: Context) => {
    const application = authorized(world, context);
    const channel = enter(world, application, context.req.param('channel') ?? '', reading);
    return { application, message: messageIn(world, channel.id, context.req.param('message') ?? '') };
  };

  app.put(`${base}/:emoji/@me`, (context) => {
    const { application, message } = find(context);
    const emoji = emojiOf(context.req.param('emoji'));
    if (!message.reactions.has(emoji)) {
      needChannelPermission(world, application, message.channelId, AddReactions);
      if (message.reactions.size >= maxEmojis) {
        const text = `Maximum number of reactions reached (${maxEmojis})`;
        throw new ApiError(400, RESTJSONErrorCodes.MaximumNumberOfReactionsReached, text);
      }
    }
    world.messages.react(message.id, application.botUserId, emoji);
    return context.body(null, 204);
  });
  app.delete(`${base}/:emoji/:user`, (context) => {
    const { application, message } = find(context);
    const user = context.req.param('user');
    const userId = user === '@me' ? application.botUserId : user;
    if (userId !== application.botUserId) needChannelPermission(world, application, message.channelId, ManageMessages);
    world.messages.unreact(message.id, userId, emojiOf(context.req.param('emoji')));
    return context.body(null, 204);
  });
  app.get(`${base}/:emoji`, (context) => {
    const { message } = find(context);
    const limit = z.coerce
      .number()
      .int()
      .min(1)
      .max(100)
      .catch(25)
      .parse(context.req.query('limit') ?? 25);
    const after = BigInt(
      z
        .string()
        .regex(/^\d{1,20}$/)
        .catch('0')
        .parse(context.req.query('after') ?? '0'),
    );
    const users = [...(message.reactions.get(emojiOf(context.req.param('emoji'))) ?? [])];
    const page = users.filter((id) => BigInt(id) > after).slice(0, limit);
    return context.json(page.map((id) => userShape(world.user(id))));
  });
  for (const path of [base, `${base}/:emoji`]) {
    app.delete(path, (context) => {
      const { application, message } = find(context);
      needChannelPermission(world, application, message.channelId, ManageMessages);
      const emoji = context.req.param('emoji');
      world.messages.clearReactions(message.id, emoji === undefined ? undefined : emojiOf(emoji));
      return context.body(null, 204);
    });
  }
  return app;
}

/** One emoji character, or `name:id` of a guild's own. Throws 10014. */
function emojiOf(text: string): string {
  if (/^\w{2,32}:\d{1,20}$/.test(text)) return text;
  const [first, ...more] = [...new Intl.Segmenter().segment(text)];
  const isEmoji = /\p{Extended_Pictographic}|\p{Regional_Indicator}|[0-9#*]\ufe0f?\u20e3/u.test(text);
  if (first === undefined || more.length > 0 || !isEmoji)
    throw new ApiError(400, RESTJSONErrorCodes.UnknownEmoji, 'Unknown Emoji');
  return text;
}
