/** https://discord.com/developers/docs/resources/message */
import { MessageFlags, PermissionFlagsBits, RESTJSONErrorCodes } from 'discord-api-types/v10';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Application, Message } from '../../world/model.ts';
import { messageShape } from '../../world/shapes.ts';
import { snowflakeTime } from '../../world/snowflake.ts';
import type { World } from '../../world/world.ts';
import { authorized, bodyOf, needChannelPermission, type RestParts } from '../context.ts';
import { ApiError, emptyMessage, formRefusal, invalidForm, missingPermissions } from '../errors.ts';
import { notSnowflake } from '../form-errors.ts';
import { contentOf, isEmpty, type MessageBody, messageBodySchema } from '../message-body.ts';
import { checkFlags, createFlags, editFlags, enter, messageIn, needToSend } from './place.ts';

const { ViewChannel, SendMessages, ReadMessageHistory, ManageMessages } = PermissionFlagsBits;
const reading = ViewChannel | ReadMessageHistory;

/** Messages older than this, in ms, cannot be deleted in bulk. */
const bulkDeleteMs = 14 * 24 * 3_600_000;

const bulkSchema = z.object({ messages: z.array(z.string().regex(/^\d{1,20}$/, notSnowflake)) });

export function messageRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  const shape = (message: Message, application: Application) =>
    messageShape(world, message, 'shown', application.botUserId);

  app.get('/channels/:channel/messages', (context) => {
    const application = authorized(world, context);
    const channel = enter(world, application, context.req.param('channel'), reading);
    const page = pageOf(world.messages.inChannel(channel.id), context.req.query());
    return context.json(page.map((message) => shape(message, application)));
  });
  app.post('/channels/:channel/messages', async (context) => {
    const application = authorized(world, context);
    const channelId = context.req.param('channel');
    enter(world, application, channelId, ViewChannel);
    const body = await bodyOf(context, messageBodySchema);
    return context.json(shape(create(world, application, channelId, body), application));
  });
  app.get('/channels/:channel/messages/:message', (context) => {
    const application = authorized(world, context);
    const channel = enter(world, application, context.req.param('channel'), reading);
    return context.json(shape(messageIn(world, channel.id, context.req.param('message')), application));
  });
  app.patch('/channels/:channel/messages/:message', async (context) => {
    const application = authorized(world, context);
    const channel = enter(world, application, context.req.param('channel'), ViewChannel);
    const message = messageIn(world, channel.id, context.req.param('message'));
    const body = await bodyOf(context, messageBodySchema);
    return context.json(shape(edit(world, application, message, body), application));
  });
  app.delete('/channels/:channel/messages/:message', (context) => {
    const application = authorized(world, context);
    const channel = enter(world, application, context.req.param('channel'), ViewChannel);
    const message = messageIn(world, channel.id, context.req.param('message'));
    if (message.authorId !== application.botUserId) {
      if (channel.kind === 'dm') throw new ApiError(403, 50003, 'Cannot execute action on a DM channel');
      needChannelPermission(world, application, channel.id, ManageMessages);
    }
    world.messages.delete(message.id);
    return context.body(null, 204);
  });
  app.post('/channels/:channel/messages/bulk-delete', async (context) => {
    const application = authorized(world, context);
    const channel = enter(world, application, context.req.param('channel'), ManageMessages);
    if (channel.kind === 'dm') throw new ApiError(403, 50003, 'Cannot execute action on a DM channel');
    const ids = new Set((await bodyOf(context, bulkSchema)).messages);
    if (ids.size < 2 || ids.size > 100) {
      const message =
        'Provided too few or too many messages to delete. Must provide at least 2 and at most 100 messages.';
      throw new ApiError(400, RESTJSONErrorCodes.ProvidedTooFewOrTooManyMessagesToDelete, message);
    }
    if ([...ids].some((id) => Date.now() - snowflakeTime(id) > bulkDeleteMs)) {
      const message = 'You can only bulk delete messages that are under 14 days old.';
      throw new ApiError(400, RESTJSONErrorCodes.OneOfTheMessagesProvidedWasTooOldForBulkDelete, message);
    }
    world.messages.deleteMany(channel.id, [...ids]);
    return context.body(null, 204);
  });
  app.post('/channels/:channel/typing', (context) => {
    const application = authorized(world, context);
    const channel = enter(world, application, context.req.param('channel'), SendMessages);
    world.events.emit('typing', { channelId: channel.id, userId: application.botUserId });
    return context.body(null, 204);
  });
  return app;
}

function create(world: World, application: Application, channelId: string, body: MessageBody): Message {
  const { botUserId } = application;
  const content = contentOf(body);
  checkFlags(content.flags, createFlags);
  needToSend(world, application, channelId, content);
  if (isEmpty(content)) throw emptyMessage();
  if (body.enforce_nonce && body.nonce !== undefined) {
    const sent = world.messages
      .inChannel(channelId)
      .find((message) => message.authorId === botUserId && message.nonce === body.nonce);
    if (sent) return sent;
  }
  const replyTo = replyOf(world, channelId, body);
  const channel = world.messageChannel(channelId);
  if (channel.kind !== 'dm' && channel.thread) wake(world, channelId, botUserId);
  return world.messages.create(channelId, botUserId, content, {
    tts: body.tts ?? false,
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(body.nonce === undefined ? {} : { nonce: body.nonce }),
  });
}

/** A message in an archived thread unarchives it, and makes its author a member. */
function wake(world: World, threadId: string, userId: string): void {
  const { thread } = world.channel(threadId);
  if (thread?.archived)
    world.channels.update(threadId, { thread: { ...thread, archived: false, archiveChangedAt: Date.now() } });
  world.channels.joinThread(threadId, userId);
}

function replyOf(world: World, channelId: string, { message_reference: reference }: MessageBody): string | undefined {
  if (!reference) return undefined;
  const found = world.messages.find(reference.message_id);
  if (found?.channelId === channelId && found.visibleTo === undefined) return found.id;
  if (!reference.fail_if_not_exists) return undefined;
  throw formRefusal([[['message_reference'], { code: 'REPLIES_UNKNOWN_MESSAGE', message: 'Unknown message' }]]);
}

/** Of somebody else's message only the embeds may be hidden, with Manage Messages. */
function edit(world: World, application: Application, message: Message, body: MessageBody): Message {
  const change = contentOf(body, message.flags);
  checkFlags(change.flags, editFlags);
  const kept = message.flags & ~MessageFlags.SuppressEmbeds;
  const flags = change.flags === undefined ? {} : { flags: kept | change.flags };
  if (message.authorId !== application.botUserId) {
    const others = Object.keys(change).filter((field) => field !== 'flags');
    if (others.length > 0 || message.guildId === undefined)
      throw new ApiError(403, 50005, 'Cannot edit a message authored by another user');
    const permissions = world.channelPermissionsOf(message.channelId, application.botUserId);
    if (!(permissions & ManageMessages)) throw missingPermissions();
    return world.messages.edit(message.id, flags);
  }
  const keptFiles = change.keepsAttachments ? message.attachments : [];
  const after = { ...message, ...change, ...flags };
  if (isEmpty({ ...after, attachments: [...after.attachments, ...keptFiles] })) throw emptyMessage();
  return world.messages.edit(message.id, { ...change, ...flags });
}

/** Newest first; `before`, `after` and `around` exclude each other, and the first that is given counts. */
function pageOf(all: Message[], query: Record<string, string>): Message[] {
  const id = z
    .string()
    .regex(/^\d{1,20}$/, notSnowflake)
    .transform(BigInt)
    .optional();
  const parsed = z
    .object({ limit: z.coerce.number().int().min(1).max(100).default(50), before: id, after: id, around: id })
    .safeParse(query, { reportInput: true });
  if (!parsed.success) throw invalidForm(parsed.error);
  const { limit, before, after, around } = parsed.data;
  const found = all
    .filter(({ visibleTo }) => visibleTo === undefined)
    .map((message) => ({ message, id: BigInt(message.id) }));
  const older = (than: bigint, count: number) => (count === 0 ? [] : found.filter(({ id }) => id < than).slice(-count));
  const newer = (than: bigint, count: number) => found.filter(({ id }) => id > than).slice(0, count);
  let page = found.slice(-limit);
  if (around !== undefined) {
    const half = Math.floor(limit / 2);
    page = [...older(around, half), ...found.filter(({ id }) => id === around), ...newer(around, half)];
  } else if (before !== undefined) page = older(before, limit);
  else if (after !== undefined) page = newer(after, limit);
  return page.reverse().map(({ message }) => message);
}
