/** https://discord.com/developers/docs/resources/channel, without its messages (`messages/`) and threads (`threads.ts`). */
import { AuditLogEvent, PermissionFlagsBits } from 'discord-api-types/v10';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { ChannelChange } from '../world/channels.ts';
import type { Application, Channel, Guild } from '../world/model.ts';
import { channelShape, directChannelShape, overwriteShape } from '../world/shapes.ts';
import type { World } from '../world/world.ts';
import { changesBetween, recorder } from './audit.ts';
import { changeOf, modifyChannelSchema, modifyThreadSchema, overwriteOf, overwriteSchema } from './channel-body.ts';
import { authorized, bodyOf, needChannelPermission, type RestParts } from './context.ts';
import { ApiError, formRefusal } from './errors.ts';
import { needOwn } from './guild/hierarchy.ts';
import { modifyThread } from './threads.ts';

const { ViewChannel, ManageChannels, ManageRoles, ManageThreads, SetVoiceChannelStatus, Connect } = PermissionFlagsBits;

export function channelRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  const find = (context: Context, bits: bigint): { application: Application; channel: Channel; guild: Guild } => {
    const application = authorized(world, context);
    const id = context.req.param('channel') ?? '';
    needChannelPermission(world, application, id, bits);
    if (world.directChannels.has(id)) throw new ApiError(403, 50003, 'Cannot execute action on a DM channel');
    const channel = world.channel(id);
    return { application, channel, guild: world.guild(channel.guildId) };
  };

  app.get('/channels/:channel', (context) => {
    const application = authorized(world, context);
    const id = context.req.param('channel');
    needChannelPermission(world, application, id, ViewChannel);
    const direct = world.directChannels.get(id);
    return context.json(direct ? directChannelShape(world, direct) : channelShape(world.channel(id)));
  });
  app.patch('/channels/:channel', async (context) => {
    const { application, channel, guild } = find(context, ViewChannel);
    const before = channelShape(channel);
    if (channel.thread) {
      modifyThread(world, application, channel, channel.thread, await bodyOf(context, modifyThreadSchema));
    } else {
      needChannelPermission(world, application, channel.id, ManageChannels);
      const change = changeOf(await bodyOf(context, modifyChannelSchema), channel.kind);
      checkChannelChange(world, application, guild, change);
      world.channels.update(channel.id, change);
    }
    const after = channelShape(channel);
    const action = channel.thread ? AuditLogEvent.ThreadUpdate : AuditLogEvent.ChannelUpdate;
    recorder(world, context, application, guild.id)(action, channel.id, { changes: changesBetween(before, after) });
    return context.json(after);
  });
  app.delete('/channels/:channel', (context) => {
    const application = authorized(world, context);
    const direct = world.directChannels.get(context.req.param('channel'));
    if (direct?.botUserId === application.botUserId) return context.json(directChannelShape(world, direct)); // only closed
    const { channel, guild } = find(context, ViewChannel);
    needChannelPermission(world, application, channel.id, channel.thread ? ManageThreads : ManageChannels);
    world.deleteChannel(channel.id);
    const action = channel.thread ? AuditLogEvent.ThreadDelete : AuditLogEvent.ChannelDelete;
    const changes = [{ key: 'name', old_value: channel.name }];
    recorder(world, context, application, guild.id)(action, channel.id, { changes });
    return context.json(channelShape(channel));
  });

  app.put('/channels/:channel/permissions/:overwrite', async (context) => {
    const { application, channel, guild } = find(context, ManageRoles);
    const overwrite = overwriteOf(context.req.param('overwrite'), await bodyOf(context, overwriteSchema));
    needOwn(world, application, guild, overwrite.allow | overwrite.deny);
    const old = channel.overwrites.find(({ id }) => id === overwrite.id);
    const overwrites = [...channel.overwrites.filter(({ id }) => id !== overwrite.id), overwrite];
    world.channels.update(channel.id, { overwrites });
    const changes = old ? changesBetween(overwriteShape(old), overwriteShape(overwrite)) : [];
    const action = old ? AuditLogEvent.ChannelOverwriteUpdate : AuditLogEvent.ChannelOverwriteCreate;
    const options = { id: overwrite.id, type: overwrite.type === 'role' ? '0' : '1' };
    recorder(world, context, application, guild.id)(action, channel.id, { changes, options });
    return context.body(null, 204);
  });
  app.delete('/channels/:channel/permissions/:overwrite', (context) => {
    const { application, channel, guild } = find(context, ManageRoles);
    const id = context.req.param('overwrite');
    if (!channel.overwrites.some((overwrite) => overwrite.id === id))
      throw new ApiError(404, 10009, 'Unknown Permission Overwrite');
    world.channels.update(channel.id, { overwrites: channel.overwrites.filter((overwrite) => overwrite.id !== id) });
    recorder(
      world,
      context,
      application,
      guild.id,
    )(AuditLogEvent.ChannelOverwriteDelete, channel.id, { options: { id } });
    return context.body(null, 204);
  });
  app.put('/channels/:channel/voice-status', async (context) => {
    const { application, channel } = find(context, Connect | SetVoiceChannelStatus);
    if (channel.kind !== 'voice') throw new ApiError(400, 50024, 'Cannot execute action on this channel type');
    const inChannel = world.voice.get(channel.guildId, application.botUserId)?.channelId === channel.id;
    if (!inChannel) needChannelPermission(world, application, channel.id, ManageChannels);
    const { status } = await bodyOf(context, z.object({ status: z.string().max(500).nullish() }));
    world.channels.setStatus(channel.id, status || null);
    return context.body(null, 204);
  });
  return app;
}

/** Parents are categories of the guild, and overwrites hand out only what the bot has. */
export function checkChannelChange(world: World, application: Application, guild: Guild, change: ChannelChange): void {
  if (change.parentId) {
    const parent = guild.channels.get(change.parentId);
    if (!parent)
      throw formRefusal([[['parent_id'], { code: 'CHANNEL_PARENT_INVALID', message: 'Category does not exist' }]]);
    if (parent.kind !== 'category')
      throw formRefusal([[['parent_id'], { code: 'CHANNEL_PARENT_INVALID_TYPE', message: 'Not a category' }]]);
  }
  for (const { allow, deny } of change.overwrites ?? []) needOwn(world, application, guild, allow | deny);
}
