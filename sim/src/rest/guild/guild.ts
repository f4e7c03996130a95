/** https://discord.com/developers/docs/resources/guild: the guild itself, its channels as a whole, and its audit log. */
import { AuditLogEvent, PermissionFlagsBits } from 'discord-api-types/v10';
import { Hono } from 'hono';
import { z } from 'zod';
import { auditLogEntryShape, channelShape, guildShape, userShape } from '../../world/shapes.ts';
import { changesBetween, recorder } from '../audit.ts';
import { changeOf, createChannelSchema, kindOf, snowflake } from '../channel-body.ts';
import { checkChannelChange } from '../channels.ts';
import { authorized, bodyOf, guildOf, needGuildPermission, type RestParts } from '../context.ts';
import { ApiError, invalidForm } from '../errors.ts';

const { ManageGuild, ManageChannels, ViewAuditLog } = PermissionFlagsBits;
/** Of a guild, categories and voice channels included. */
const maxChannels = 500;

const modifySchema = z.object({ name: z.string().min(2).max(100).optional() });
const reorderSchema = z.array(
  z.object({ id: snowflake, position: z.number().int().min(0).nullish(), parent_id: snowflake.nullish() }),
);
const auditQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  action_type: z.coerce.number().int().optional(),
  user_id: snowflake.optional(),
  before: snowflake.transform(BigInt).optional(),
  after: snowflake.transform(BigInt).optional(),
});

export function guildRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  app.get('/guilds/:guild', (context) => {
    const guild = guildOf(world, authorized(world, context), context.req.param('guild'));
    const { size } = guild.members;
    const counts = { approximate_member_count: size, approximate_presence_count: size };
    return context.json({ ...guildShape(guild), ...(context.req.query('with_counts') === 'true' ? counts : {}) });
  });
  app.get('/guilds/:guild/preview', (context) => {
    const guild = guildOf(world, authorized(world, context), context.req.param('guild'));
    const { id, name, icon, splash, discovery_splash, emojis, features, description, stickers } = guildShape(guild);
    const { size } = guild.members;
    const counts = { approximate_member_count: size, approximate_presence_count: size };
    return context.json({
      id,
      name,
      icon,
      splash,
      discovery_splash,
      emojis,
      features,
      description,
      stickers,
      ...counts,
    });
  });
  app.patch('/guilds/:guild', async (context) => {
    const application = authorized(world, context);
    const guild = guildOf(world, application, context.req.param('guild'));
    needGuildPermission(world, application, guild.id, ManageGuild);
    const before = { name: guild.name };
    const { name } = await bodyOf(context, modifySchema);
    world.updateGuild(guild.id, name === undefined ? {} : { name });
    const changes = changesBetween(before, { name: guild.name });
    recorder(world, context, application, guild.id)(AuditLogEvent.GuildUpdate, guild.id, { changes });
    return context.json(guildShape(guild));
  });

  app.get('/guilds/:guild/channels', (context) => {
    const guild = guildOf(world, authorized(world, context), context.req.param('guild'));
    return context.json([...guild.channels.values()].map(channelShape));
  });
  app.post('/guilds/:guild/channels', async (context) => {
    const application = authorized(world, context);
    const guild = guildOf(world, application, context.req.param('guild'));
    needGuildPermission(world, application, guild.id, ManageChannels);
    const body = await bodyOf(context, createChannelSchema);
    if (guild.channels.size >= maxChannels)
      throw new ApiError(400, 30013, `Maximum number of server channels reached (${maxChannels})`);
    const kind = kindOf(body.type);
    const change = changeOf(body, kind);
    checkChannelChange(world, application, guild, change);
    const { thread: _, ...options } = change;
    const channel = world.createChannel(guild.id, kind, { ...options, name: change.name ?? body.name });
    const changes = [
      { key: 'name', new_value: channel.name },
      { key: 'type', new_value: body.type },
    ];
    recorder(world, context, application, guild.id)(AuditLogEvent.ChannelCreate, channel.id, { changes });
    return context.json(channelShape(channel), 201);
  });
  app.patch('/guilds/:guild/channels', async (context) => {
    const application = authorized(world, context);
    const guild = guildOf(world, application, context.req.param('guild'));
    needGuildPermission(world, application, guild.id, ManageChannels);
    const moves = await bodyOf(context, reorderSchema);
    for (const { id } of moves) if (!guild.channels.has(id)) throw new ApiError(404, 10003, 'Unknown Channel');
    for (const { id, position, parent_id } of moves) {
      const change = {
        ...(typeof position === 'number' ? { position } : {}),
        ...(parent_id === undefined ? {} : { parentId: parent_id }),
      };
      checkChannelChange(world, application, guild, change);
      world.channels.update(id, change);
    }
    return context.body(null, 204);
  });

  app.get('/guilds/:guild/audit-logs', (context) => {
    const application = authorized(world, context);
    const guild = guildOf(world, application, context.req.param('guild'));
    needGuildPermission(world, application, guild.id, ViewAuditLog);
    const query = auditQuerySchema.safeParse(context.req.query(), { reportInput: true });
    if (!query.success) throw invalidForm(query.error);
    const { limit, action_type, user_id, before, after } = query.data;
    const found = world.auditLog
      .of(guild.id)
      .filter(({ action }) => action_type === undefined || action === action_type)
      .filter(({ userId }) => user_id === undefined || userId === user_id)
      .filter(({ id }) => before === undefined || BigInt(id) < before)
      .filter(({ id }) => after === undefined || BigInt(id) > after);
    const page = after === undefined ? found.slice(0, limit) : found.slice(-limit).reverse(); // `after` gives oldest first
    const people = new Set(page.flatMap(({ userId, targetId }) => [userId, targetId ?? '']));
    return context.json({
      audit_log_entries: page.map(auditLogEntryShape),
      users: [...people].flatMap((id) => world.users.get(id) ?? []).map(userShape),
      webhooks: [],
      integrations: [],
      threads: [],
      application_commands: [],
      guild_scheduled_events: [],
      auto_moderation_rules: [],
    });
  });

  const region = { id: 'simulated', name: 'Simulated', optimal: true, deprecated: false, custom: false };
  app.get('/guilds/:guild/regions', (context) => {
    guildOf(world, authorized(world, context), context.req.param('guild'));
    return context.json([region]);
  });
  app.get('/voice/regions', (context) => {
    authorized(world, context);
    return context.json([region]);
  });
  return app;
}
