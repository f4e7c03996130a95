/** The world as Discord's JSON (types from discord-api-types). Tokens and keys never appear here. */
import {
  type APIChannel,
  type APIGuild,
  type APIGuildMember,
  type APIMessage,
  type APIRole,
  type APIUser,
  type ChannelFlags,
  ChannelType,
  type GatewayVoiceState,
  type GuildMemberFlags,
  GuildMFALevel,
  type GuildSystemChannelFlags,
  MessageType,
  OverwriteType,
  type RoleFlags,
  type UserFlags,
} from 'discord-api-types/v10';
import { interactionFields, typeOfAnswer } from './interaction-fields.ts';
import type { Application, Channel, DirectChannel, Guild, Member, Message, Role, User, VoiceState } from './model.ts';
import type { World } from './world.ts';

const iso = (ms: number) => new Date(ms).toISOString();

export function userShape(user: User): APIUser {
  return {
    id: user.id,
    username: user.username,
    discriminator: user.bot ? '0001' : '0',
    global_name: user.bot ? null : user.username,
    avatar: null,
    bot: user.bot,
    public_flags: 0 as UserFlags,
  };
}

export function applicationShape(application: Application, world: World) {
  return {
    id: application.id,
    name: application.name,
    icon: null,
    description: '',
    bot_public: true,
    bot_require_code_grant: false,
    verify_key: application.publicKey,
    interactions_endpoint_url: application.interactionsUrl ?? null,
    flags: 0,
    bot: userShape(world.user(application.botUserId)),
  };
}

export function roleShape(role: Role): APIRole {
  return {
    id: role.id,
    name: role.name,
    color: 0,
    colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
    hoist: false,
    icon: null,
    unicode_emoji: null,
    position: role.position,
    permissions: role.permissions.toString(),
    managed: role.managed,
    mentionable: false,
    flags: 0 as RoleFlags,
  };
}

export function memberShape(world: World, member: Member): APIGuildMember {
  return {
    user: userShape(world.user(member.userId)),
    nick: member.nick,
    avatar: null,
    banner: null,
    roles: member.roleIds,
    joined_at: iso(member.joinedAt),
    premium_since: null,
    deaf: member.deaf,
    mute: member.mute,
    flags: 0 as GuildMemberFlags,
    pending: false,
    communication_disabled_until: null,
  };
}

export function channelShape(channel: Channel): APIChannel {
  const common = {
    id: channel.id,
    guild_id: channel.guildId,
    name: channel.name,
    position: channel.position,
    flags: 0,
    permission_overwrites: channel.overwrites.map((overwrite) => ({
      id: overwrite.id,
      type: overwrite.type === 'role' ? OverwriteType.Role : OverwriteType.Member,
      allow: overwrite.allow.toString(),
      deny: overwrite.deny.toString(),
    })),
  };
  if (channel.kind === 'category') return { ...common, type: ChannelType.GuildCategory, parent_id: null };
  const parent = { parent_id: channel.parentId, nsfw: channel.nsfw, rate_limit_per_user: 0, last_message_id: null };
  return channel.kind === 'voice'
    ? {
        ...common,
        ...parent,
        type: ChannelType.GuildVoice,
        bitrate: 64_000,
        user_limit: channel.userLimit,
        rtc_region: null,
      }
    : { ...common, ...parent, type: ChannelType.GuildText, topic: null };
}

export function directChannelShape(world: World, channel: DirectChannel): APIChannel {
  return {
    id: channel.id,
    type: ChannelType.DM,
    flags: 0 as ChannelFlags,
    last_message_id: null,
    recipients: [userShape(world.user(channel.userId))],
    name: null,
  };
}

export function guildShape(guild: Guild): APIGuild {
  return {
    id: guild.id,
    name: guild.name,
    icon: null,
    splash: null,
    discovery_splash: null,
    owner_id: guild.ownerId,
    region: 'simulated',
    afk_channel_id: null,
    afk_timeout: 300,
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    roles: [...guild.roles.values()].map(roleShape),
    emojis: [],
    features: [],
    mfa_level: GuildMFALevel.None,
    application_id: null,
    system_channel_id: null,
    system_channel_flags: 0 as GuildSystemChannelFlags,
    rules_channel_id: null,
    max_members: 500_000,
    vanity_url_code: null,
    description: null,
    banner: null,
    premium_tier: 0,
    premium_subscription_count: 0,
    preferred_locale: 'en-US',
    public_updates_channel_id: null,
    nsfw_level: 0,
    stickers: [],
    premium_progress_bar_enabled: false,
    hub_type: null,
    safety_alerts_channel_id: null,
    incidents_data: null,
  } as APIGuild;
}

/** With `member` (as in VOICE_STATE_UPDATE) unless `bare` (as in the list of GUILD_CREATE). */
export function voiceStateShape(world: World, state: VoiceState, bare = false): GatewayVoiceState {
  const member = world.guilds.get(state.guildId)?.members.get(state.userId);
  const shape: GatewayVoiceState = {
    channel_id: state.channelId,
    user_id: state.userId,
    session_id: state.sessionId,
    deaf: member?.deaf ?? false,
    mute: member?.mute ?? false,
    self_deaf: state.selfDeaf,
    self_mute: state.selfMute,
    self_video: state.selfVideo,
    self_stream: state.selfStream,
    suppress: state.suppress,
    request_to_speak_timestamp: null,
  };
  if (bare) return shape;
  return { ...shape, guild_id: state.guildId, ...(member ? { member: memberShape(world, member) } : {}) };
}

/** `content: 'hidden'` is what a bot without the message content intent receives of other people's messages. */
export function messageShape(world: World, message: Message, content: 'shown' | 'hidden' = 'shown'): APIMessage {
  const shown = content === 'shown';
  const author = world.user(message.authorId);
  return {
    id: message.id,
    channel_id: message.channelId,
    author: userShape(author),
    content: shown ? message.content : '',
    timestamp: iso(message.createdAt),
    edited_timestamp: message.editedAt === undefined ? null : iso(message.editedAt),
    tts: false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    attachments: shown ? message.attachments : [],
    embeds: shown ? message.embeds : [],
    components: shown ? message.components : [],
    pinned: false,
    type: message.replyTo === undefined ? typeOfAnswer(message.interaction) : MessageType.Reply,
    flags: message.flags,
    ...(message.nonce === undefined ? {} : { nonce: message.nonce }),
    ...(message.replyTo === undefined
      ? {}
      : {
          message_reference: { message_id: message.replyTo, channel_id: message.channelId, guild_id: message.guildId },
        }),
    ...interactionFields(message, (id) => userShape(world.user(id))),
  } as unknown as APIMessage;
}
