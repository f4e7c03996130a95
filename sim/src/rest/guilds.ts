import { PermissionFlagsBits } from 'discord-api-types/v10';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Application, Member } from '../world/model.ts';
import { channelShape, guildShape, memberShape, roleShape, voiceStateShape } from '../world/shapes.ts';
import type { World } from '../world/world.ts';
import { authorized, bodyOf, guildOf, needChannelPermission, needGuildPermission, type RestParts } from './context.ts';
import { ApiError, notInVoice } from './errors.ts';

const ownMemberSchema = z.object({ nick: z.string().max(32, 'Must be 32 or fewer in length.').nullish() });
const memberSchema = ownMemberSchema.extend({
  channel_id: z.string().regex(/^\d+$/, 'Value is not snowflake.').nullish(),
  mute: z.boolean().optional(),
  deaf: z.boolean().optional(),
  roles: z.array(z.string()).optional(),
});

export function guildRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  app.get('/guilds/:guild', (context) =>
    context.json(guildShape(guildOf(world, authorized(world, context), context.req.param('guild')))),
  );
  app.get('/guilds/:guild/channels', (context) => {
    const guild = guildOf(world, authorized(world, context), context.req.param('guild'));
    return context.json([...guild.channels.values()].map(channelShape));
  });
  app.get('/guilds/:guild/roles', (context) => {
    const guild = guildOf(world, authorized(world, context), context.req.param('guild'));
    return context.json([...guild.roles.values()].map(roleShape));
  });
  app.get('/guilds/:guild/members', (context) => {
    const guild = guildOf(world, authorized(world, context), context.req.param('guild'));
    const limit = z.coerce
      .number()
      .int()
      .min(1)
      .max(1000)
      .catch(1)
      .parse(context.req.query('limit') ?? 1);
    const after = BigInt(z.string().regex(/^\d+$/).catch('0').parse(context.req.query('after')));
    const members = [...guild.members.values()]
      .filter((member) => BigInt(member.userId) > after)
      .sort((a, b) => (BigInt(a.userId) < BigInt(b.userId) ? -1 : 1));
    return context.json(members.slice(0, limit).map((member) => memberShape(world, member)));
  });
  app.get('/guilds/:guild/members/:user', (context) => {
    const guild = guildOf(world, authorized(world, context), context.req.param('guild'));
    return context.json(memberShape(world, world.member(guild.id, context.req.param('user'))));
  });
  app.get('/guilds/:guild/voice-states/:user', (context) => {
    const application = authorized(world, context);
    const guild = guildOf(world, application, context.req.param('guild'));
    const user = context.req.param('user') === '@me' ? application.botUserId : context.req.param('user');
    const state = guild.voiceStates.get(user);
    if (!state) throw new ApiError(404, 10065, 'Unknown Voice State');
    return context.json(voiceStateShape(world, state));
  });
  app.patch('/guilds/:guild/members/@me', async (context) => {
    const application = authorized(world, context);
    const guild = guildOf(world, application, context.req.param('guild'));
    const { nick } = await bodyOf(context, ownMemberSchema);
    if (nick !== undefined) {
      needGuildPermission(world, application, guild.id, PermissionFlagsBits.ChangeNickname);
      world.updateMember(guild.id, application.botUserId, { nick: nick || null });
    }
    return context.json(memberShape(world, world.member(guild.id, application.botUserId)));
  });
  app.patch('/guilds/:guild/members/:user', async (context) => {
    const application = authorized(world, context);
    const guild = guildOf(world, application, context.req.param('guild'));
    const member = world.member(guild.id, context.req.param('user'));
    const change = await bodyOf(context, memberSchema);
    updateMember(world, application, guild.id, member, change);
    return context.json(memberShape(world, member));
  });
  return app;
}

/** All permissions are checked before anything changes. */
function updateMember(
  world: World,
  application: Application,
  guildId: string,
  member: Member,
  change: z.infer<typeof memberSchema>,
): void {
  const need = (bit: bigint) => needGuildPermission(world, application, guildId, bit);
  const { userId } = member;
  const inVoice = world.voice.get(guildId, userId) !== undefined;
  if (change.nick !== undefined) need(PermissionFlagsBits.ManageNicknames);
  if (change.roles !== undefined) need(PermissionFlagsBits.ManageRoles);
  if (change.mute !== undefined) need(PermissionFlagsBits.MuteMembers);
  if (change.deaf !== undefined) need(PermissionFlagsBits.DeafenMembers);
  if (change.channel_id !== undefined) {
    need(PermissionFlagsBits.MoveMembers);
    if (!inVoice) throw notInVoice();
    if (change.channel_id !== null) {
      if (world.channel(change.channel_id).guildId !== guildId) throw new ApiError(404, 10003, 'Unknown Channel');
      needChannelPermission(world, application, change.channel_id, PermissionFlagsBits.Connect);
    }
  }
  if ((change.mute !== undefined || change.deaf !== undefined) && !inVoice) throw notInVoice();

  const { nick, roles, mute, deaf } = change;
  if (nick !== undefined || roles !== undefined || mute !== undefined || deaf !== undefined) {
    world.updateMember(guildId, userId, {
      ...(nick === undefined ? {} : { nick: nick || null }),
      ...(roles === undefined ? {} : { roleIds: roles }),
      ...(mute === undefined ? {} : { mute }),
      ...(deaf === undefined ? {} : { deaf }),
    });
  }
  if (change.channel_id === null) world.voice.leave(guildId, userId, 'other');
  else if (change.channel_id !== undefined) world.voice.enter(change.channel_id, userId, {}, 'other');
  else if (mute !== undefined || deaf !== undefined) {
    const channelId = world.voice.get(guildId, userId)?.channelId;
    if (channelId) world.voice.enter(channelId, userId, {}, 'other');
  }
}
