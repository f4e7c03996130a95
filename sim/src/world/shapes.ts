/** The world as Discord's JSON (types from discord-api-types). Tokens and keys never appear here. */
import {
  type APIAuditLogChange,
  type APIAuditLogEntry,
  type APIAuditLogOptions,
  type APIChannel,
  type APIGuild,
  type APIGuildMember,
  type APIRole,
  type APIUser,
  type ChannelFlags,
  ChannelType,
  type GatewayVoiceState,
  type GuildMemberFlags,
  GuildMFALevel,
  type GuildSystemChannelFlags,
  OverwriteType,
  type RoleFlags,
  type UserFlags,
} from 'discord-api-types/v10';
import type { AuditLogEntry } from './audit-log.ts';
import type {
  Application,
  Channel,
  DirectChannel,
  Guild,
  Member,
  Overwrite,
  Role,
  ThreadState,
  User,
  VoiceState,
} from './model.ts';
import type { World } from './world.ts';

export { emojiShape, messageShape } from './message-shape.ts';

export const iso = (ms: number) => new Date(ms).toISOString();

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
    description: application.description,
    redirect_uris: application.redirectUris,
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
    color: role.color,
    colors: { primary_color: role.color, secondary_color: null, tertiary_color: null },
    hoist: role.hoist,
    icon: null,
    unicode_emoji: null,
    position: role.position,
    permissions: role.permissions.toString(),
    managed: role.managed,
    mentionable: role.mentionable,
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
    communication_disabled_until: member.timedOutUntil === undefined ? null : iso(member.timedOutUntil),
  };
}

const channelTypes = {
  text: ChannelType.GuildText,
  voice: ChannelType.GuildVoice,
  stage: ChannelType.GuildStageVoice,
  category: ChannelType.GuildCategory,
  thread: ChannelType.PublicThread,
};

export function channelShape(channel: Channel): APIChannel {
  if (channel.thread) return threadShape(channel, channel.thread);
  const common = {
    id: channel.id,
    type: channelTypes[channel.kind],
    guild_id: channel.guildId,
    name: channel.name,
    position: channel.position,
    flags: 0,
    permission_overwrites: channel.overwrites.map(overwriteShape),
  };
  if (channel.kind === 'category') return { ...common, parent_id: null } as APIChannel;
  const { parentId: parent_id, nsfw, rateLimitPerUser: rate_limit_per_user, topic, bitrate, userLimit } = channel;
  const parent = { ...common, parent_id, nsfw, rate_limit_per_user, last_message_id: null };
  return (
    channel.kind === 'text'
      ? { ...parent, topic }
      : { ...parent, bitrate, user_limit: userLimit, rtc_region: null, status: channel.status }
  ) as APIChannel;
}

export function overwriteShape({ id, type, allow, deny }: Overwrite) {
  return {
    id,
    type: type === 'role' ? OverwriteType.Role : OverwriteType.Member,
    allow: allow.toString(),
    deny: deny.toString(),
  };
}

function threadShape(channel: Channel, thread: ThreadState): APIChannel {
  return {
    id: channel.id,
    type: thread.private ? ChannelType.PrivateThread : ChannelType.PublicThread,
    guild_id: channel.guildId,
    parent_id: channel.parentId,
    name: channel.name,
    owner_id: thread.ownerId,
    last_message_id: null,
    rate_limit_per_user: channel.rateLimitPerUser,
    message_count: 0,
    total_message_sent: 0,
    member_count: thread.memberIds.size,
    flags: 0,
    thread_metadata: {
      archived: thread.archived,
      locked: thread.locked,
      ...(thread.private ? { invitable: thread.invitable } : {}),
      auto_archive_duration: thread.autoArchiveMinutes,
      archive_timestamp: iso(thread.archiveChangedAt),
      create_timestamp: iso(thread.createdAt),
    },
  } as unknown as APIChannel;
}

export function threadMemberShape(channel: Channel, userId: string) {
  const joined = channel.thread?.memberIds.get(userId) ?? 0;
  return { id: channel.id, user_id: userId, join_timestamp: iso(joined), flags: 0 };
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

export function auditLogEntryShape(entry: AuditLogEntry): APIAuditLogEntry {
  return {
    id: entry.id,
    target_id: entry.targetId,
    user_id: entry.userId,
    action_type: entry.action,
    ...(entry.changes.length === 0 ? {} : { changes: entry.changes as APIAuditLogChange[] }),
    ...(Object.keys(entry.options).length === 0 ? {} : { options: entry.options as unknown as APIAuditLogOptions }),
    ...(entry.reason === null ? {} : { reason: entry.reason }),
  };
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
    request_to_speak_timestamp: state.requestedToSpeakAt === null ? null : iso(state.requestedToSpeakAt),
  };
  if (bare) return shape;
  return { ...shape, guild_id: state.guildId, ...(member ? { member: memberShape(world, member) } : {}) };
}
