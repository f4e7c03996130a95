import { PermissionFlagsBits } from 'discord-api-types/v10';
import { makeApplication } from './application.ts';
import { Attachments } from './attachments.ts';
import { AuditLog } from './audit-log.ts';
import { type ChannelOptions, Channels } from './channels.ts';
import { WorldError } from './errors.ts';
import { WorldEvents } from './events.ts';
import { Messages } from './messages.ts';
import type { Application, Channel, ChannelKind, DirectChannel, Guild, Member, Presence, Role, User } from './model.ts';
import { channelPermissions, everyonePermissions, guildPermissions } from './permissions.ts';
import { Roles } from './roles.ts';
import { Snowflakes } from './snowflake.ts';
import { VoiceStates } from './voice-states.ts';
import { Webhooks } from './webhooks.ts';

/** What a bot is given when it is added without a list of permissions. */
export const defaultBotPermissions: bigint =
  PermissionFlagsBits.ViewChannel |
  PermissionFlagsBits.SendMessages |
  PermissionFlagsBits.EmbedLinks |
  PermissionFlagsBits.AttachFiles |
  PermissionFlagsBits.ReadMessageHistory |
  PermissionFlagsBits.Connect |
  PermissionFlagsBits.Speak |
  PermissionFlagsBits.UseVAD |
  PermissionFlagsBits.ChangeNickname;

/**
 * The whole simulated Discord, in memory. Every change is one method here or on `messages` / `voice` and is announced on
 * `events`. Look-ups throw `WorldError` with a code such as `unknown_guild`.
 */
export class World {
  readonly events = new WorldEvents();
  readonly snowflakes = new Snowflakes();
  readonly applications = new Map<string, Application>();
  readonly users = new Map<string, User>();
  readonly guilds = new Map<string, Guild>();
  readonly directChannels = new Map<string, DirectChannel>();
  /** By user id; absent means offline. */
  readonly presences = new Map<string, Presence>();
  readonly attachments: Attachments = new Attachments(this.snowflakes);
  readonly messages: Messages = new Messages(this);
  readonly voice: VoiceStates = new VoiceStates(this);
  readonly channels: Channels = new Channels(this);
  readonly roles: Roles = new Roles(this);
  readonly webhooks: Webhooks = new Webhooks(this);
  readonly auditLog: AuditLog = new AuditLog(this);

  createApplication(options: {
    name: string;
    interactionsUrl?: string | undefined;
    privilegedIntents?: boolean | undefined;
    redirectUris?: string[] | undefined;
  }): Application {
    const bot = this.createUser(options.name, true);
    const application = makeApplication({
      id: this.snowflakes.next(),
      botUserId: bot.id,
      name: options.name,
      interactionsUrl: options.interactionsUrl,
      privilegedIntents: options.privilegedIntents ?? true,
      redirectUris: options.redirectUris ?? [],
    });
    this.applications.set(application.id, application);
    return application;
  }

  createUser(username: string, bot = false): User {
    const user: User = { id: this.snowflakes.next(), username, bot, refusesDirectMessages: false, locale: 'en-US' };
    this.users.set(user.id, user);
    return user;
  }

  renameUser(userId: string, username: string): User {
    return Object.assign(this.user(userId), { username });
  }

  /** A guild with its @everyone role and an owner, who is a person. */
  createGuild(name: string): Guild {
    const owner = this.createUser(`${name} owner`);
    const id = this.snowflakes.next();
    const everyone: Role = {
      id,
      name: '@everyone',
      permissions: everyonePermissions,
      position: 0,
      managed: false,
      color: 0,
      hoist: false,
      mentionable: false,
    };
    const guild: Guild = {
      id,
      name,
      ownerId: owner.id,
      createdAt: Date.now(),
      roles: new Map([[id, everyone]]),
      channels: new Map(),
      threads: new Map(),
      members: new Map(),
      voiceStates: new Map(),
      bans: new Map(),
    };
    this.guilds.set(id, guild);
    this.addMember(id, owner.id);
    return guild;
  }

  addMember(guildId: string, userId: string): Member {
    const guild = this.guild(guildId);
    const user = this.user(userId);
    const existing = guild.members.get(userId);
    if (existing) return existing;
    if (guild.bans.has(userId))
      throw new WorldError('banned', `user ${userId} is banned from guild ${guildId}; lift the ban first`);
    const member: Member = {
      userId,
      nick: null,
      roleIds: [],
      joinedAt: Date.now(),
      mute: false,
      deaf: false,
      timedOutUntil: undefined,
    };
    guild.members.set(user.id, member);
    this.events.emit('memberAdded', { guild, member });
    return member;
  }

  /** Adds a bot with a managed role of its own, as an OAuth2 invitation does. */
  addBot(guildId: string, botUserId: string, permissions: bigint = defaultBotPermissions): Member {
    const guild = this.guild(guildId);
    const bot = this.user(botUserId);
    if (!bot.bot) throw new WorldError('not_a_bot', `user ${botUserId} is a person; use createMember for people`);
    if (guild.members.has(botUserId)) return this.member(guildId, botUserId);
    const role = this.roles.create(guild.id, { name: bot.username, permissions, managed: true });
    const member = this.addMember(guildId, botUserId);
    member.roleIds.push(role.id);
    this.events.emit('botAdded', { guild, userId: botUserId });
    return member;
  }

  removeMember(guildId: string, userId: string): void {
    const guild = this.guild(guildId);
    this.member(guildId, userId);
    if (guild.voiceStates.has(userId)) this.voice.leave(guildId, userId, 'other');
    guild.members.delete(userId);
    this.events.emit('memberRemoved', { guild, userId });
  }

  /** Removes a member, if they are one, and keeps them out. */
  ban(guildId: string, userId: string, reason: string | null): void {
    const guild = this.guild(guildId);
    this.user(userId);
    guild.bans.set(userId, reason);
    if (guild.members.has(userId)) this.removeMember(guildId, userId);
    this.events.emit('memberBanned', { guild, userId });
  }

  unban(guildId: string, userId: string): void {
    const guild = this.guild(guildId);
    if (guild.bans.delete(userId)) this.events.emit('memberUnbanned', { guild, userId });
  }

  updateGuild(guildId: string, change: Partial<Pick<Guild, 'name'>>): Guild {
    const guild = Object.assign(this.guild(guildId), change);
    this.events.emit('guildUpdated', { guild });
    return guild;
  }

  /** Gives a member a new role with these permissions. */
  grant(guildId: string, userId: string, permissions: bigint): Role {
    const member = this.member(guildId, userId);
    const role = this.roles.create(guildId, { name: `granted to ${this.user(userId).username}`, permissions });
    this.updateMember(guildId, userId, { roleIds: [...member.roleIds, role.id] });
    return role;
  }

  updateMember(guildId: string, userId: string, change: Partial<Omit<Member, 'userId' | 'joinedAt'>>): Member {
    const member = this.member(guildId, userId);
    const previousNick = member.nick;
    Object.assign(member, change);
    this.events.emit('memberUpdated', { guild: this.guild(guildId), member, previousNick });
    return member;
  }

  createChannel(guildId: string, kind: Exclude<ChannelKind, 'thread'>, options: ChannelOptions): Channel {
    return this.channels.create(guildId, kind, options);
  }

  /** Everybody in it leaves first. */
  deleteChannel(channelId: string): Channel {
    return this.channels.delete(channelId);
  }

  /** The private channel of a bot and a person; the same one each time. */
  openDirectChannel(botUserId: string, userId: string): DirectChannel {
    if (!this.user(botUserId).bot)
      throw new WorldError('not_a_bot', `user ${botUserId} is a person; name the bot first`);
    if (this.user(userId).bot)
      throw new WorldError('not_a_person', `user ${userId} is a bot; bots cannot message bots`);
    for (const known of this.directChannels.values()) {
      if (known.botUserId === botUserId && known.userId === userId) return known;
    }
    const channel: DirectChannel = { id: this.snowflakes.next(), kind: 'dm', botUserId, userId };
    this.directChannels.set(channel.id, channel);
    this.events.emit('directChannelOpened', { channel });
    return channel;
  }

  updateUser(userId: string, change: Partial<Pick<User, 'username'>>): User {
    const user = this.user(userId);
    Object.assign(user, change);
    this.events.emit('userUpdated', { user });
    return user;
  }

  setPresence(userId: string, presence: Presence): void {
    const user = this.user(userId);
    this.presences.set(userId, presence);
    this.events.emit('presenceUpdated', { user });
  }

  application(id: string): Application {
    const found = this.applications.get(id);
    if (!found) throw new WorldError('unknown_application', `there is no application ${id}; make it first`);
    return found;
  }

  applicationOfBot(botUserId: string): Application {
    for (const application of this.applications.values()) if (application.botUserId === botUserId) return application;
    throw new WorldError('unknown_application', `user ${botUserId} is no bot of an application`);
  }

  /** The application with this token; a leading `Bot ` is allowed, as the gateway allows it. */
  applicationByToken(token: string): Application | undefined {
    const bare = token.replace(/^Bot /, '');
    for (const application of this.applications.values()) if (application.token === bare) return application;
    return undefined;
  }

  user(id: string): User {
    const found = this.users.get(id);
    if (!found) throw new WorldError('unknown_user', `there is no user ${id}; make them first`);
    return found;
  }

  guild(id: string): Guild {
    const found = this.guilds.get(id);
    if (!found) throw new WorldError('unknown_guild', `there is no guild ${id}; make it first`);
    return found;
  }

  member(guildId: string, userId: string): Member {
    const found = this.guild(guildId).members.get(userId);
    if (!found)
      throw new WorldError('unknown_member', `user ${userId} is no member of guild ${guildId}; add them first`);
    return found;
  }

  channel(id: string): Channel {
    for (const guild of this.guilds.values()) {
      const found = guild.channels.get(id) ?? guild.threads.get(id);
      if (found) return found;
    }
    throw new WorldError('unknown_channel', `there is no channel ${id}; make it first`);
  }

  /** A channel that holds messages: of a guild, or a private one. Throws `unknown_channel`, `not_a_text_channel`. */
  messageChannel(id: string): Channel | DirectChannel {
    const direct = this.directChannels.get(id);
    if (direct) return direct;
    const channel = this.channel(id);
    if (channel.kind === 'category')
      throw new WorldError('not_a_text_channel', `channel ${id} is a category and holds no messages`);
    return channel;
  }

  guildsOf(userId: string): Guild[] {
    return [...this.guilds.values()].filter((guild) => guild.members.has(userId));
  }

  guildPermissionsOf(guildId: string, userId: string): bigint {
    return guildPermissions(this.guild(guildId), this.member(guildId, userId));
  }

  channelPermissionsOf(channelId: string, userId: string): bigint {
    const channel = this.channel(channelId);
    return channelPermissions(this.guild(channel.guildId), channel, this.member(channel.guildId, userId));
  }
}
