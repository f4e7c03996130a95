/** https://discord.com/developers/docs/resources/guild#get-guild-bans */
import { AuditLogEvent, PermissionFlagsBits } from 'discord-api-types/v10';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { userShape } from '../../world/shapes.ts';
import { recorder } from '../audit.ts';
import { authorized, bodyOf, guildOf, needGuildPermission, type RestParts } from '../context.ts';
import { ApiError } from '../errors.ts';
import { needAboveMember } from './hierarchy.ts';

const banSchema = z.object({
  delete_message_seconds: z.number().int().min(0).max(604_800).nullish(),
  delete_message_days: z.number().int().min(0).max(7).nullish(),
});

export function banRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  const find = (context: Context) => {
    const application = authorized(world, context);
    const guild = guildOf(world, application, context.req.param('guild') ?? '');
    needGuildPermission(world, application, guild.id, PermissionFlagsBits.BanMembers);
    return { application, guild, userId: context.req.param('user') ?? '' };
  };
  const shape = (userId: string, reason: string | null) => ({ reason, user: userShape(world.user(userId)) });
  app.get('/guilds/:guild/bans', (context) =>
    context.json([...find(context).guild.bans].map(([userId, reason]) => shape(userId, reason))),
  );
  app.get('/guilds/:guild/bans/:user', (context) => {
    const { guild, userId } = find(context);
    const reason = guild.bans.get(userId);
    if (reason === undefined) throw new ApiError(404, 10026, 'Unknown Ban');
    return context.json(shape(userId, reason));
  });
  app.put('/guilds/:guild/bans/:user', async (context) => {
    const { application, guild, userId } = find(context);
    const member = guild.members.get(userId);
    if (member) needAboveMember(world, application, guild, member);
    const body = await bodyOf(context, banSchema);
    const seconds = body.delete_message_seconds ?? (body.delete_message_days ?? 0) * 86_400;
    const { reason } = recorder(
      world,
      context,
      application,
      guild.id,
    )(AuditLogEvent.MemberBanAdd, world.user(userId).id);
    world.ban(guild.id, userId, reason);
    for (const channel of [...guild.channels.values(), ...guild.threads.values()]) {
      const recent = world.messages
        .inChannel(channel.id)
        .filter(({ authorId, createdAt }) => authorId === userId && Date.now() - createdAt < seconds * 1000);
      if (recent.length > 0)
        world.messages.deleteMany(
          channel.id,
          recent.map(({ id }) => id),
        );
    }
    return context.body(null, 204);
  });
  app.delete('/guilds/:guild/bans/:user', (context) => {
    const { application, guild, userId } = find(context);
    if (!guild.bans.has(userId)) throw new ApiError(404, 10026, 'Unknown Ban');
    world.unban(guild.id, userId);
    recorder(world, context, application, guild.id)(AuditLogEvent.MemberBanRemove, userId);
    return context.body(null, 204);
  });
  return app;
}
