/** What all interactions have in common (https://discord.com/developers/docs/interactions/receiving-and-responding). */
import { randomBytes } from 'node:crypto';
import { type InteractionContextType, PermissionFlagsBits } from 'discord-api-types/v10';
import type { Application, Channel, DirectChannel } from '../world/model.ts';
import { channelShape, directChannelShape, memberShape, userShape } from '../world/shapes.ts';
import type { World } from '../world/world.ts';
import type { Kind, Outgoing } from './interaction.ts';
import { ClientRefusal } from './refusal.ts';

/** The place a person acts in, checked: they must be able to see it. */
export interface Place {
  application: Application;
  channel: Channel | DirectChannel;
  guildId: string | undefined;
  userId: string;
  context: InteractionContextType;
}

/** What an app may do in its own direct messages. */
const directPermissions = PermissionFlagsBits.ViewChannel | PermissionFlagsBits.SendMessages;

/** Throws `not_visible` when the person cannot see the channel, `wrong_context` when it is of another guild. */
export function placeOf(
  world: World,
  where: { applicationId: string; channelId: string; userId: string; guildId?: string | undefined },
): Place {
  const application = world.application(where.applicationId);
  const channel = world.directChannels.get(where.channelId) ?? world.channel(where.channelId);
  const { userId } = where;
  if (channel.kind === 'dm') {
    if (channel.userId !== userId)
      throw new ClientRefusal('not_visible', `channel ${channel.id} is private to user ${channel.userId}`);
    // 2: any other private channel, such as the one with another bot.
    const context = channel.botUserId === application.botUserId ? 1 : 2;
    return { application, channel, guildId: undefined, userId, context };
  }
  if (where.guildId !== undefined && where.guildId !== channel.guildId)
    throw new ClientRefusal('wrong_context', `channel ${channel.id} is not of guild ${where.guildId}`);
  world.member(channel.guildId, userId);
  if (!(world.channelPermissionsOf(channel.id, userId) & PermissionFlagsBits.ViewChannel))
    throw new ClientRefusal('not_visible', `user ${userId} cannot see channel ${channel.id}`);
  return { application, channel, guildId: channel.guildId, userId, context: 0 };
}

/** The whole interaction around its `data` (and `message`). */
export function outgoing(
  world: World,
  place: Place,
  kind: Kind,
  data: unknown,
  more: Pick<Outgoing, 'sourceMessageId' | 'command' | 'focusedType'> & { message?: unknown } = {},
): Outgoing {
  const { application, channel, guildId, userId, context } = place;
  const { message, ...kept } = more;
  return {
    kind,
    channelId: channel.id,
    guildId,
    userId,
    ...kept,
    payload: {
      ...envelope(world, application.id),
      type: kind,
      data,
      ...(message === undefined ? {} : { message }),
      channel_id: channel.id,
      ...(channel.kind === 'dm' ? inPrivate(world, channel, userId) : inGuild(world, channel, application, userId)),
      locale: world.user(userId).locale,
      entitlements: [],
      authorizing_integration_owners: owners(world, place),
      context,
      attachment_size_limit: 10_485_760,
    },
  };
}

/** The check that Discord makes when an interactions URL is entered, and now and then afterwards. */
export function pingInteraction(world: World, application: Application): Outgoing {
  const user = userShape(world.user(application.botUserId));
  return {
    kind: 1,
    channelId: '',
    guildId: undefined,
    userId: application.botUserId,
    payload: { ...envelope(world, application.id), type: 1, user, entitlements: [] },
  };
}

function envelope(world: World, applicationId: string) {
  const token = randomBytes(96).toString('base64url');
  return { id: world.snowflakes.next(), application_id: applicationId, token, version: 1 };
}

function inPrivate(world: World, channel: DirectChannel, userId: string) {
  return {
    channel: directChannelShape(world, channel),
    user: userShape(world.user(userId)),
    app_permissions: directPermissions.toString(),
  };
}

function inGuild(world: World, channel: Channel, application: Application, userId: string) {
  const guild = world.guild(channel.guildId);
  const permissions = world.channelPermissionsOf(channel.id, userId).toString();
  return {
    guild_id: guild.id,
    guild: { id: guild.id, locale: 'en-US', features: [] },
    guild_locale: 'en-US',
    channel: { ...channelShape(channel), permissions },
    member: { ...memberShape(world, world.member(guild.id, userId)), permissions },
    app_permissions: guild.members.has(application.botUserId)
      ? world.channelPermissionsOf(channel.id, application.botUserId).toString()
      : '0',
  };
}

/** Who let the application in: the guild (0; `'0'` stands for the bot's own direct messages), the person (1), or both. */
function owners(world: World, { application, guildId, userId, context }: Place): Record<number, string> {
  const ofGuild = guildId !== undefined && world.guild(guildId).members.has(application.botUserId);
  const installed = application.userInstalls.has(userId);
  return {
    ...(ofGuild || (guildId !== undefined && !installed) ? { 0: guildId } : {}),
    ...(context === 1 ? { 0: '0' } : {}),
    ...(installed ? { 1: userId } : {}),
  };
}
