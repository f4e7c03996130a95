/** https://discord.com/developers/docs/resources/invite. They can be made, read and deleted; nobody joins by them. */
import { randomBytes } from 'node:crypto';
import { PermissionFlagsBits } from 'discord-api-types/v10';
import { Hono } from 'hono';
import { z } from 'zod';
import { userShape } from '../world/shapes.ts';
import type { World } from '../world/world.ts';
import { authorized, bodyOf, needChannelPermission, type RestParts } from './context.ts';
import { ApiError } from './errors.ts';

interface Invite {
  code: string;
  channelId: string;
  inviterId: string;
  maxAgeSeconds: number;
  maxUses: number;
  temporary: boolean;
  createdAt: number;
}

const inviteSchema = z.object({
  max_age: z.number().int().min(0).max(604_800).default(86_400),
  max_uses: z.number().int().min(0).max(100).default(0),
  temporary: z.boolean().default(false),
  unique: z.boolean().default(false),
});

export function inviteRoutes({ world }: RestParts): Hono {
  const app = new Hono();
  const invites = new Map<string, Invite>();
  const find = (code: string): Invite => {
    const invite = invites.get(code);
    const late = invite && invite.maxAgeSeconds > 0 && Date.now() > invite.createdAt + invite.maxAgeSeconds * 1000;
    if (!invite || late) throw new ApiError(404, 10006, 'Unknown Invite');
    return invite;
  };
  app.post('/channels/:channel/invites', async (context) => {
    const application = authorized(world, context);
    const channelId = context.req.param('channel');
    needChannelPermission(world, application, channelId, PermissionFlagsBits.CreateInstantInvite);
    const body = await bodyOf(context, inviteSchema);
    const invite: Invite = {
      code: randomBytes(6).toString('base64url').replaceAll(/[-_]/g, 'x'),
      channelId,
      inviterId: application.botUserId,
      maxAgeSeconds: body.max_age,
      maxUses: body.max_uses,
      temporary: body.temporary,
      createdAt: Date.now(),
    };
    invites.set(invite.code, invite);
    return context.json(inviteShape(world, invite));
  });
  app.get('/channels/:channel/invites', (context) => {
    const application = authorized(world, context);
    const channelId = context.req.param('channel');
    needChannelPermission(world, application, channelId, PermissionFlagsBits.ManageChannels);
    const found = [...invites.values()].filter((invite) => invite.channelId === channelId);
    return context.json(found.map((invite) => inviteShape(world, invite)));
  });
  app.get('/invites/:code', (context) => context.json(inviteShape(world, find(context.req.param('code')))));
  app.delete('/invites/:code', (context) => {
    const application = authorized(world, context);
    const invite = find(context.req.param('code'));
    needChannelPermission(world, application, invite.channelId, PermissionFlagsBits.ManageChannels);
    invites.delete(invite.code);
    return context.json(inviteShape(world, invite));
  });
  return app;
}

function inviteShape(world: World, invite: Invite) {
  const channel = world.channel(invite.channelId);
  const guild = world.guild(channel.guildId);
  return {
    type: 0,
    code: invite.code,
    guild: { id: guild.id, name: guild.name, features: [] },
    channel: { id: channel.id, name: channel.name, type: channel.kind === 'voice' ? 2 : 0 },
    inviter: userShape(world.user(invite.inviterId)),
    uses: 0,
    max_uses: invite.maxUses,
    max_age: invite.maxAgeSeconds,
    temporary: invite.temporary,
    created_at: new Date(invite.createdAt).toISOString(),
    expires_at:
      invite.maxAgeSeconds === 0 ? null : new Date(invite.createdAt + invite.maxAgeSeconds * 1000).toISOString(),
  };
}
