/** https://discord.com/developers/docs/resources/user, for bots and for people who signed in by OAuth2. */
import { OAuth2Scopes } from 'discord-api-types/v10';
import { Hono } from 'hono';
import { z } from 'zod';
import type { User } from '../world/model.ts';
import { applicationShape, memberShape, userShape } from '../world/shapes.ts';
import { authorized, bodyOf, type RestParts } from './context.ts';
import { ApiError, formRefusal, invalidForm, unauthorized } from './errors.ts';
import { notSnowflake } from './form-errors.ts';
import { callerOf } from './oauth2/caller.ts';

const { Identify, Email, Guilds, GuildsMembersRead } = OAuth2Scopes;

const changeSchema = z.object({ username: z.string().min(2).max(32).optional(), avatar: z.string().nullish() });
const snowflake = z
  .string()
  .regex(/^\d{1,20}$/, notSnowflake)
  .transform(BigInt)
  .optional();
const pageSchema = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(200),
  before: snowflake,
  after: snowflake,
  with_counts: z.enum(['true', 'false']).default('false'),
});

export function userRoutes(parts: RestParts): Hono {
  const { world } = parts;
  const app = new Hono();
  const ownShape = (user: User, email: boolean) => ({
    ...userShape(user),
    banner: null,
    accent_color: null,
    locale: user.locale,
    mfa_enabled: user.bot,
    premium_type: 0,
    flags: 0,
    ...(user.bot ? { verified: true, email: null } : {}),
    ...(email ? { verified: true, email: `${user.id}@simulated.example` } : {}),
  });
  app.get('/users/@me', (context) => {
    const caller = callerOf(parts, context, Identify);
    return context.json(
      ownShape(world.user(caller.userId), caller.kind === 'person' && caller.tokens.scopes.includes(Email)),
    );
  });
  app.patch('/users/@me', async (context) => {
    const { botUserId } = authorized(world, context);
    const { username } = await bodyOf(context, changeSchema);
    if (username !== undefined) {
      if (/@|#|:|```|discord/i.test(username))
        throw formRefusal([
          [['username'], { code: 'USERNAME_INVALID', message: 'Username cannot contain "discord", @, #, : or ```.' }],
        ]);
      world.renameUser(botUserId, username);
    }
    return context.json(ownShape(world.user(botUserId), false));
  });
  app.get('/users/@me/guilds', (context) => {
    const { userId } = callerOf(parts, context, Guilds);
    const query = pageSchema.safeParse(context.req.query(), { reportInput: true });
    if (!query.success) throw invalidForm(query.error);
    const { limit, before, after, with_counts } = query.data;
    const guilds = world
      .guildsOf(userId)
      .filter(({ id }) => (before === undefined || BigInt(id) < before) && (after === undefined || BigInt(id) > after))
      .sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
    const page = before === undefined ? guilds.slice(0, limit) : guilds.slice(-limit);
    return context.json(
      page.map((guild) => ({
        id: guild.id,
        name: guild.name,
        icon: null,
        banner: null,
        owner: guild.ownerId === userId,
        permissions: world.guildPermissionsOf(guild.id, userId).toString(),
        features: [],
        ...(with_counts === 'true'
          ? { approximate_member_count: guild.members.size, approximate_presence_count: guild.members.size }
          : {}),
      })),
    );
  });
  app.get('/users/@me/guilds/:guild/member', (context) => {
    const caller = callerOf(parts, context, GuildsMembersRead);
    if (caller.kind === 'bot') throw new ApiError(403, 20001, 'Bots cannot use this endpoint');
    const member = world.guilds.get(context.req.param('guild'))?.members.get(caller.userId);
    if (!member) throw new ApiError(404, 10004, 'Unknown Guild');
    return context.json(memberShape(world, member));
  });
  app.delete('/users/@me/guilds/:guild', (context) => {
    const { botUserId } = authorized(world, context);
    const guild = world.guilds.get(context.req.param('guild'));
    if (!guild?.members.has(botUserId)) throw new ApiError(404, 10004, 'Unknown Guild');
    world.removeMember(guild.id, botUserId);
    return context.body(null, 204);
  });
  app.get('/users/:user', (context) => {
    authorized(world, context);
    return context.json(userShape(world.user(context.req.param('user'))));
  });
  app.get('/oauth2/@me', (context) => {
    const caller = callerOf(parts, context);
    if (caller.kind === 'bot') throw unauthorized();
    const { tokens } = caller;
    return context.json({
      application: applicationShape(world.application(tokens.applicationId), world),
      scopes: tokens.scopes,
      expires: new Date(tokens.expiresAt).toISOString(),
      ...(tokens.scopes.includes(Identify) ? { user: userShape(world.user(tokens.userId)) } : {}),
    });
  });
  return app;
}
