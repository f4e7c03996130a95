/** https://discord.com/developers/docs/resources/guild#get-guild-member */
import { AuditLogEvent, PermissionFlagsBits } from 'discord-api-types/v10';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { memberShape } from '../../world/shapes.ts';
import { changesBetween, recorder } from '../audit.ts';
import { snowflake } from '../channel-body.ts';
import { authorized, bodyOf, guildOf, needGuildPermission, type RestParts } from '../context.ts';
import { invalidForm } from '../errors.ts';
import { needAboveMember } from './hierarchy.ts';
import { memberSchema, modifyMember, nickSchema } from './modify-member.ts';

const pageSchema = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(1),
  after: snowflake.transform(BigInt).default(0n),
  query: z.string().default(''),
});

export function memberRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  const find = (context: Context) => {
    const application = authorized(world, context);
    const guild = guildOf(world, application, context.req.param('guild') ?? '');
    return { application, guild, record: recorder(world, context, application, guild.id) };
  };
  const page = (context: Context) => {
    const { guild } = find(context);
    const query = pageSchema.safeParse(context.req.query(), { reportInput: true });
    if (!query.success) throw invalidForm(query.error);
    const members = [...guild.members.values()].sort((a, b) => (BigInt(a.userId) < BigInt(b.userId) ? -1 : 1));
    return { ...query.data, members };
  };
  app.get('/guilds/:guild/members', (context) => {
    const { members, after, limit } = page(context);
    const found = members.filter((member) => BigInt(member.userId) > after).slice(0, limit);
    return context.json(found.map((member) => memberShape(world, member)));
  });
  // Names and nicknames that begin with the query, whatever the case.
  app.get('/guilds/:guild/members/search', (context) => {
    const { members, query, limit } = page(context);
    const starts = (text: string | null) => text?.toLowerCase().startsWith(query.toLowerCase()) ?? false;
    const found = members.filter(({ userId, nick }) => starts(world.user(userId).username) || starts(nick));
    return context.json(found.slice(0, limit).map((member) => memberShape(world, member)));
  });
  app.get('/guilds/:guild/members/:user', (context) => {
    const { guild } = find(context);
    return context.json(memberShape(world, world.member(guild.id, context.req.param('user'))));
  });
  app.patch('/guilds/:guild/members/@me', async (context) => {
    const { application, guild, record } = find(context);
    const { nick } = await bodyOf(context, nickSchema);
    const own = world.member(guild.id, application.botUserId);
    if (nick !== undefined) {
      needGuildPermission(world, application, guild.id, PermissionFlagsBits.ChangeNickname);
      const before = { nick: own.nick };
      world.updateMember(guild.id, own.userId, { nick: nick || null });
      const changes = changesBetween(before, { nick: own.nick });
      if (changes.length > 0) record(AuditLogEvent.MemberUpdate, own.userId, { changes });
    }
    return context.json(memberShape(world, own));
  });
  app.patch('/guilds/:guild/members/:user', async (context) => {
    const { application, guild, record } = find(context);
    const member = world.member(guild.id, context.req.param('user'));
    modifyMember(world, { application, guild, record }, member, await bodyOf(context, memberSchema));
    return context.json(memberShape(world, member));
  });
  app.delete('/guilds/:guild/members/:user', (context) => {
    const { application, guild, record } = find(context);
    needGuildPermission(world, application, guild.id, PermissionFlagsBits.KickMembers);
    const member = world.member(guild.id, context.req.param('user'));
    needAboveMember(world, application, guild, member);
    record(AuditLogEvent.MemberKick, member.userId);
    world.removeMember(guild.id, member.userId);
    return context.body(null, 204);
  });
  return app;
}
