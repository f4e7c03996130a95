/**
 * https://discord.com/developers/docs/resources/webhook. Interactions' webhooks share the addresses: `findWebhook` tells
 * them apart.
 */
import { MessageFlags, PermissionFlagsBits } from 'discord-api-types/v10';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Application, Message } from '../world/model.ts';
import { messageShape, userShape } from '../world/shapes.ts';
import type { Webhook } from '../world/webhooks.ts';
import type { World } from '../world/world.ts';
import { authorized, bodyOf, guildOf, needChannelPermission, needGuildPermission, type RestParts } from './context.ts';
import { ApiError, emptyMessage, formRefusal, unknownMessage, unknownWebhook } from './errors.ts';
import { notSnowflake } from './form-errors.ts';
import { contentOf, isEmpty, type MessageBody, messageBodySchema } from './message-body.ts';
import { checkFlags, createFlags, editFlags } from './messages/place.ts';

const { ManageWebhooks } = PermissionFlagsBits;
const maxWebhooks = 15;

const name = z
  .string()
  .min(1)
  .max(80)
  .refine((value) => !/clyde|discord/i.test(value), {
    error: 'Username cannot contain "clyde" or "discord"',
    params: { discordCode: 'USERNAME_INVALID_CONTAINS' },
  });
const createSchema = z.object({ name, avatar: z.string().nullish() });
const modifySchema = z.object({
  name: name.optional(),
  avatar: z.string().nullish(),
  channel_id: z
    .string()
    .regex(/^\d{1,20}$/, notSnowflake)
    .optional(),
});
const executeSchema = messageBodySchema.extend({
  username: name.optional(),
  avatar_url: z.string().max(2048).nullish(),
  thread_name: z.string().max(100).optional(),
});

/** The webhook of a channel with this id and token; undefined when the id is that of none (perhaps an application's). */
export function findWebhook(world: World, context: Context): Webhook | undefined {
  const webhook = world.webhooks.find(context.req.param('webhook') ?? '');
  if (webhook && webhook.token !== context.req.param('token')) throw new ApiError(401, 50027, 'Invalid Webhook Token');
  return webhook;
}

export function webhookRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  const managed = (context: Context): { application: Application; webhook: Webhook } => {
    const application = authorized(world, context);
    const webhook = world.webhooks.find(context.req.param('webhook') ?? '');
    if (!webhook) throw unknownWebhook();
    needChannelPermission(world, application, webhook.channelId, ManageWebhooks);
    return { application, webhook };
  };
  const withToken = (context: Context): Webhook => {
    const webhook = findWebhook(world, context);
    if (!webhook) throw unknownWebhook();
    return webhook;
  };

  app.post('/channels/:channel/webhooks', async (context) => {
    const application = authorized(world, context);
    const channelId = context.req.param('channel');
    needChannelPermission(world, application, channelId, ManageWebhooks);
    const { name, avatar } = await bodyOf(context, createSchema);
    if (world.webhooks.all().filter((webhook) => webhook.channelId === channelId).length >= maxWebhooks)
      throw new ApiError(400, 30007, `Maximum number of webhooks reached (${maxWebhooks})`);
    const options = { name, avatar: avatar ?? null, userId: application.botUserId, applicationId: application.id };
    return context.json(webhookShape(world, world.webhooks.create(channelId, options)));
  });
  app.get('/channels/:channel/webhooks', (context) => {
    const application = authorized(world, context);
    const channelId = context.req.param('channel');
    needChannelPermission(world, application, channelId, ManageWebhooks);
    const found = world.webhooks.all().filter((webhook) => webhook.channelId === channelId);
    return context.json(found.map((webhook) => webhookShape(world, webhook)));
  });
  app.get('/guilds/:guild/webhooks', (context) => {
    const application = authorized(world, context);
    const guild = guildOf(world, application, context.req.param('guild'));
    needGuildPermission(world, application, guild.id, ManageWebhooks);
    const found = world.webhooks.all().filter((webhook) => webhook.guildId === guild.id);
    return context.json(found.map((webhook) => webhookShape(world, webhook)));
  });

  for (const path of ['/webhooks/:webhook', '/webhooks/:webhook/:token']) {
    const byToken = path.endsWith(':token');
    const webhookOf = (context: Context) => (byToken ? withToken(context) : managed(context).webhook);
    const shape = (webhook: Webhook) => {
      const { user, ...rest } = webhookShape(world, webhook);
      return byToken ? rest : { ...rest, user };
    };
    app.get(path, (context) => context.json(shape(webhookOf(context))));
    app.patch(path, async (context) => {
      const webhook = webhookOf(context);
      const { name, avatar, channel_id } = await bodyOf(context, modifySchema);
      if (channel_id !== undefined && !byToken)
        needChannelPermission(world, authorized(world, context), channel_id, ManageWebhooks);
      const change = {
        ...(name === undefined ? {} : { name }),
        ...(avatar === undefined ? {} : { avatar }),
        ...(channel_id === undefined || byToken ? {} : { channelId: channel_id }),
      };
      return context.json(shape(world.webhooks.update(webhook.id, change)));
    });
    app.delete(path, (context) => {
      world.webhooks.delete(webhookOf(context).id);
      return context.body(null, 204);
    });
  }
  return app;
}

/** Execution and the messages that came of it. Stands before the interactions' routes and passes on what is theirs. */
export function webhookMessageRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  const messageOf = (webhook: Webhook, id: string): Message => {
    const message = world.messages.find(id);
    if (message?.webhook?.id !== webhook.id) throw unknownMessage();
    return message;
  };
  app.post('/webhooks/:webhook/:token', async (context, next) => {
    const webhook = findWebhook(world, context);
    if (!webhook) return next();
    const body = await bodyOf(context, executeSchema);
    const message = execute(world, webhook, body, context.req.query('thread_id'), context.req.query('with_components'));
    return context.req.query('wait') === 'true' ? context.json(messageShape(world, message)) : context.body(null, 204);
  });
  const path = '/webhooks/:webhook/:token/messages/:message';
  app.get(path, (context, next) => {
    const webhook = findWebhook(world, context);
    if (!webhook) return next();
    return context.json(messageShape(world, messageOf(webhook, context.req.param('message'))));
  });
  app.patch(path, async (context, next) => {
    const webhook = findWebhook(world, context);
    if (!webhook) return next();
    const message = messageOf(webhook, context.req.param('message'));
    const change = contentOf(await bodyOf(context, messageBodySchema), message.flags);
    checkFlags(change.flags, editFlags);
    const flags =
      change.flags === undefined ? {} : { flags: (message.flags & MessageFlags.IsComponentsV2) | change.flags };
    if (isEmpty({ ...message, ...change, ...flags })) throw emptyMessage();
    return context.json(messageShape(world, world.messages.edit(message.id, { ...change, ...flags })));
  });
  app.delete(path, (context, next) => {
    const webhook = findWebhook(world, context);
    if (!webhook) return next();
    world.messages.delete(messageOf(webhook, context.req.param('message')).id);
    return context.body(null, 204);
  });
  return app;
}

function execute(
  world: World,
  webhook: Webhook,
  body: z.infer<typeof executeSchema>,
  threadId: string | undefined,
  withComponents: string | undefined,
): Message {
  // Components that can be used belong to an application; others' webhooks may only show some, and only if they say so.
  const interactive = webhook.applicationId !== null || withComponents === 'true';
  const given: MessageBody = interactive ? body : { ...body, components: undefined };
  const content = contentOf(given);
  checkFlags(content.flags, createFlags);
  if (isEmpty(content)) throw emptyMessage();
  const thread = threadId === undefined ? undefined : world.guild(webhook.guildId).threads.get(threadId);
  if (threadId !== undefined && thread?.parentId !== webhook.channelId) {
    const message = 'Thread does not belong to the channel of this webhook.';
    throw formRefusal([[['thread_id'], { code: 'BASE_TYPE_INVALID', message }]]);
  }
  return world.messages.create(thread?.id ?? webhook.channelId, webhook.id, content, {
    tts: body.tts ?? false,
    webhook: {
      id: webhook.id,
      username: body.username ?? webhook.name,
      avatarUrl: body.avatar_url ?? webhook.avatar,
      applicationId: webhook.applicationId,
    },
  });
}

function webhookShape(world: World, webhook: Webhook) {
  const { id, token, name, avatar, channelId, guildId, applicationId, userId } = webhook;
  return {
    id,
    type: 1,
    name,
    avatar,
    channel_id: channelId,
    guild_id: guildId,
    application_id: applicationId,
    token,
    url: `https://discord.com/api/webhooks/${id}/${token}`,
    user: userShape(world.user(userId)),
  };
}
