/** https://discord.com/developers/docs/topics/threads */
import { AuditLogEvent, PermissionFlagsBits, RESTJSONErrorCodes } from 'discord-api-types/v10';
import { type Context, Hono } from 'hono';
import type { z } from 'zod';
import type { Application, Channel, ThreadState } from '../world/model.ts';
import { channelShape, threadMemberShape } from '../world/shapes.ts';
import type { World } from '../world/world.ts';
import { recorder } from './audit.ts';
import { createThreadSchema, type modifyThreadSchema } from './channel-body.ts';
import { authorized, bodyOf, guildOf, needChannelPermission, type RestParts } from './context.ts';
import { ApiError } from './errors.ts';
import { messageIn } from './messages/place.ts';

const { ViewChannel, ReadMessageHistory, CreatePublicThreads, CreatePrivateThreads, ManageThreads } =
  PermissionFlagsBits;

const privateThread = 12;

export function threadRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  for (const path of ['/channels/:channel/threads', '/channels/:channel/messages/:message/threads']) {
    app.post(path, async (context) => {
      const application = authorized(world, context);
      const channelId = context.req.param('channel') ?? '';
      needChannelPermission(world, application, channelId, ViewChannel);
      const body = await bodyOf(context, createThreadSchema);
      const id = context.req.param('message');
      const messageId = id === undefined ? undefined : messageIn(world, channelId, id).id;
      const isPrivate = messageId === undefined && body.type === privateThread;
      needChannelPermission(world, application, channelId, isPrivate ? CreatePrivateThreads : CreatePublicThreads);
      const { guildId } = world.channel(channelId);
      if (messageId !== undefined && world.guild(guildId).threads.has(messageId)) {
        const text = 'A thread has already been created for this message';
        throw new ApiError(400, RESTJSONErrorCodes.ThreadAlreadyCreatedForMessage, text);
      }
      const thread = world.channels.createThread(channelId, application.botUserId, {
        name: body.name,
        private: isPrivate,
        autoArchiveMinutes: body.auto_archive_duration ?? 4320,
        invitable: body.invitable ?? true,
        rateLimitPerUser: body.rate_limit_per_user ?? 0,
        ...(messageId === undefined ? {} : { messageId }),
      });
      recorder(world, context, application, guildId)(AuditLogEvent.ThreadCreate, thread.id);
      return context.json(channelShape(thread), 201);
    });
  }
  const find = (context: Context) => {
    const application = authorized(world, context);
    const id = context.req.param('channel') ?? '';
    needChannelPermission(world, application, id, ViewChannel);
    const channel = world.directChannels.has(id) ? undefined : world.channel(id);
    if (!channel?.thread) throw new ApiError(400, 50024, 'Cannot execute action on this channel type');
    const user = context.req.param('user') ?? '';
    return { application, channel, thread: channel.thread, userId: user === '@me' ? application.botUserId : user };
  };
  app.put('/channels/:channel/thread-members/:user', (context) => {
    const { channel, thread, userId } = find(context);
    if (thread.archived) throw archived();
    world.member(channel.guildId, userId);
    world.channels.joinThread(channel.id, userId);
    return context.body(null, 204);
  });
  app.delete('/channels/:channel/thread-members/:user', (context) => {
    const { application, channel, thread, userId } = find(context);
    if (thread.archived) throw archived();
    if (userId !== application.botUserId) needChannelPermission(world, application, channel.id, ManageThreads);
    world.channels.leaveThread(channel.id, userId);
    return context.body(null, 204);
  });
  app.get('/channels/:channel/thread-members', (context) => {
    const { channel, thread } = find(context);
    return context.json([...thread.memberIds.keys()].map((userId) => threadMemberShape(channel, userId)));
  });
  app.get('/channels/:channel/thread-members/:user', (context) => {
    const { channel, thread, userId } = find(context);
    if (!thread.memberIds.has(userId)) throw new ApiError(404, 10007, 'Unknown Member');
    return context.json(threadMemberShape(channel, userId));
  });

  app.get('/guilds/:guild/threads/active', (context) => {
    const application = authorized(world, context);
    const guild = guildOf(world, application, context.req.param('guild'));
    const visible = [...guild.threads.values()].filter(
      (thread) => !thread.thread?.archived && sees(world, application, thread),
    );
    return context.json(listOf(visible, application));
  });
  for (const scope of ['public', 'private'] as const) {
    app.get(`/channels/:channel/threads/archived/${scope}`, (context) => {
      const application = authorized(world, context);
      const channelId = context.req.param('channel');
      needChannelPermission(
        world,
        application,
        channelId,
        ReadMessageHistory | (scope === 'private' ? ManageThreads : 0n),
      );
      const threads = [...world.guild(world.channel(channelId).guildId).threads.values()].filter(
        (thread) =>
          thread.parentId === channelId && thread.thread?.archived && thread.thread.private === (scope === 'private'),
      );
      return context.json({ ...listOf(threads, application), has_more: false });
    });
  }
  return app;
}

function listOf(threads: Channel[], { botUserId }: Application) {
  const joined = threads.filter(({ thread }) => thread?.memberIds.has(botUserId));
  return { threads: threads.map(channelShape), members: joined.map((thread) => threadMemberShape(thread, botUserId)) };
}

function sees(world: World, application: Application, channel: Channel): boolean {
  const permissions = world.channelPermissionsOf(channel.id, application.botUserId);
  if (!(permissions & ViewChannel)) return false;
  return (
    !channel.thread?.private ||
    channel.thread.memberIds.has(application.botUserId) ||
    (permissions & ManageThreads) !== 0n
  );
}

const archived = () => new ApiError(400, RESTJSONErrorCodes.InvalidActionOnArchivedThread, 'Thread is archived');

/** Its owner may rename and archive; locking, slow mode, and opening a locked one take Manage Threads. */
export function modifyThread(
  world: World,
  application: Application,
  channel: Channel,
  thread: ThreadState,
  body: z.infer<typeof modifyThreadSchema>,
): void {
  const isOwner = thread.ownerId === application.botUserId;
  const moderates = body.locked !== undefined || typeof body.rate_limit_per_user === 'number' || thread.locked;
  if (!isOwner || moderates) needChannelPermission(world, application, channel.id, ManageThreads);
  if (thread.archived && body.archived !== false) throw archived();
  const archiveChanges = body.archived !== undefined && body.archived !== thread.archived;
  world.channels.update(channel.id, {
    ...(body.name === undefined ? {} : { name: body.name }),
    ...(typeof body.rate_limit_per_user === 'number' ? { rateLimitPerUser: body.rate_limit_per_user } : {}),
    thread: {
      ...thread,
      archived: body.archived ?? thread.archived,
      locked: body.locked ?? thread.locked,
      invitable: body.invitable ?? thread.invitable,
      autoArchiveMinutes: body.auto_archive_duration ?? thread.autoArchiveMinutes,
      archiveChangedAt: archiveChanges ? Date.now() : thread.archiveChangedAt,
    },
  });
}
