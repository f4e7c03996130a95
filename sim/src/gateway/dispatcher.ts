/** Turns what happens in the world into dispatches to the bots that may see it. */
import { GatewayDispatchEvents as Event, GatewayIntentBits } from 'discord-api-types/v10';
import type { Guild, Message } from '../world/model.ts';
import {
  channelShape,
  guildShape,
  memberShape,
  messageShape,
  roleShape,
  userShape,
  voiceStateShape,
} from '../world/shapes.ts';
import type { World } from '../world/world.ts';
import { dispatchAroundMessages } from './dispatch/around-messages.ts';
import { dispatchGuildChanges } from './dispatch/guild.ts';
import { activeThreads, dispatchThreads, seesChannel } from './dispatch/threads.ts';
import { presenceShape, presenceUpdate } from './presence-shape.ts';
import type { GatewaySession } from './session.ts';
import type { Sessions } from './sessions.ts';

/** GUILD_CREATE as one bot sees it: all members with the presence intent (of large guilds those online), otherwise few. */
export function sendGuild(world: World, session: GatewaySession, guild: Guild): void {
  // Without this intent only the bot and those in voice are listed (Discord docs, Guild Create).
  const seesPresences = (session.intents & GatewayIntentBits.GuildPresences) !== 0;
  const large = guild.members.size > session.largeThreshold;
  const presences = seesPresences
    ? [...guild.members.keys()].flatMap((userId) => presenceShape(world, guild.id, userId) ?? [])
    : [];
  const online = new Set(presences.map(({ user }) => user.id));
  const listed = (userId: string) =>
    userId === session.userId || guild.voiceStates.has(userId) || (seesPresences && (!large || online.has(userId)));
  const seesVoice = (session.intents & GatewayIntentBits.GuildVoiceStates) !== 0;
  const own = guild.members.get(session.userId);
  session.dispatch(Event.GuildCreate, {
    ...guildShape(guild),
    joined_at: new Date(own?.joinedAt ?? guild.createdAt).toISOString(),
    large,
    unavailable: false,
    member_count: guild.members.size,
    voice_states: seesVoice ? [...guild.voiceStates.values()].map((state) => voiceStateShape(world, state, true)) : [],
    members: [...guild.members.values()]
      .filter(({ userId }) => listed(userId))
      .map((member) => memberShape(world, member)),
    channels: [...guild.channels.values()].map(channelShape),
    threads: activeThreads(world, guild.id, session.userId),
    presences,
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
  });
}

export function startDispatching(world: World, sessions: Sessions): void {
  dispatchGuildChanges(world, sessions);
  dispatchThreads(world, sessions);
  dispatchAroundMessages(world, sessions);
  const { events } = world;
  const toGuild = (guild: Guild, event: Event, data: unknown) => {
    for (const session of sessions.ofGuild(guild)) session.dispatch(event, data);
  };
  const message = (event: Event.MessageCreate | Event.MessageUpdate, { message }: { message: Message }) => {
    if (message.guildId === undefined) {
      const { botUserId } = world.directChannels.get(message.channelId) ?? {};
      if (botUserId === undefined || message.visibleTo !== undefined) return;
      for (const session of sessions.ofUser(botUserId)) session.dispatchDirect(event, messageShape(world, message));
      return;
    }
    const guild = world.guild(message.guildId);
    for (const session of sessions.ofGuild(guild)) {
      if (message.visibleTo !== undefined || !seesChannel(world, guild.id, message.channelId, session.userId)) continue;
      const readable =
        (session.intents & GatewayIntentBits.MessageContent) !== 0 ||
        message.authorId === session.userId ||
        message.mentions.userIds.includes(session.userId);
      const author = guild.members.get(message.authorId);
      session.dispatch(event, {
        ...messageShape(world, message, readable ? 'shown' : 'hidden'),
        guild_id: guild.id,
        ...(author ? { member: { ...memberShape(world, author), user: undefined } } : {}),
      });
    }
  };

  events.on('botAdded', ({ guild, userId }) => {
    for (const session of sessions.ofUser(userId)) if (session.serves(guild.id)) sendGuild(world, session, guild);
  });
  events.on('roleCreated', ({ guild, role }) =>
    toGuild(guild, Event.GuildRoleCreate, { guild_id: guild.id, role: roleShape(role) }),
  );
  events.on('memberAdded', ({ guild, member }) => {
    for (const session of sessions.ofGuild(guild)) {
      if (session.userId === member.userId) continue; // told by GUILD_CREATE
      session.dispatch(Event.GuildMemberAdd, { guild_id: guild.id, ...memberShape(world, member) });
    }
  });
  events.on('memberUpdated', ({ guild, member }) => {
    for (const session of sessions.ofGuild(guild)) {
      // A bot hears about itself without the members intent too (Discord docs, Gateway Intents, note 2).
      const own = session.userId === member.userId;
      session.dispatch(Event.GuildMemberUpdate, { guild_id: guild.id, ...memberShape(world, member) }, own);
    }
  });
  events.on('memberRemoved', ({ guild, userId }) => {
    toGuild(guild, Event.GuildMemberRemove, { guild_id: guild.id, user: userShape(world.user(userId)) });
    for (const session of sessions.ofUser(userId))
      if (session.serves(guild.id)) session.dispatch(Event.GuildDelete, { id: guild.id });
  });
  events.on('userUpdated', ({ user }) => {
    for (const session of sessions.ofUser(user.id))
      session.dispatch(Event.UserUpdate, { ...userShape(user), verified: true, mfa_enabled: false, email: null });
    for (const guild of world.guildsOf(user.id)) {
      const data = { guild_id: guild.id, ...memberShape(world, world.member(guild.id, user.id)) };
      for (const session of sessions.ofGuild(guild))
        session.dispatch(Event.GuildMemberUpdate, data, session.userId === user.id);
    }
  });
  events.on('presenceUpdated', ({ user }) => {
    for (const guild of world.guildsOf(user.id)) {
      for (const session of sessions.ofGuild(guild)) {
        if (session.userId !== user.id)
          session.dispatch(Event.PresenceUpdate, presenceUpdate(world, guild.id, user.id));
      }
    }
  });
  events.on('channelCreated', ({ channel }) =>
    toGuild(world.guild(channel.guildId), Event.ChannelCreate, channelShape(channel)),
  );
  events.on('channelDeleted', ({ channel }) =>
    toGuild(world.guild(channel.guildId), Event.ChannelDelete, channelShape(channel)),
  );
  events.on('voiceState', ({ state }) =>
    toGuild(world.guild(state.guildId), Event.VoiceStateUpdate, voiceStateShape(world, state)),
  );
  events.on('messageCreated', (event) => message(Event.MessageCreate, event));
  events.on('messageUpdated', (event) => message(Event.MessageUpdate, event));
  events.on('messageDeleted', ({ message: { id, channelId, guildId, visibleTo } }) => {
    if (visibleTo !== undefined) return;
    if (guildId === undefined) {
      const { botUserId } = world.directChannels.get(channelId) ?? {};
      if (botUserId === undefined) return;
      for (const session of sessions.ofUser(botUserId))
        session.dispatchDirect(Event.MessageDelete, { id, channel_id: channelId });
      return;
    }
    for (const session of sessions.ofGuild(world.guild(guildId))) {
      // The channel itself may be gone with its messages; then there is no permission left to ask.
      const exists = world.guild(guildId).channels.has(channelId) || world.guild(guildId).threads.has(channelId);
      if (exists && !seesChannel(world, guildId, channelId, session.userId)) continue;
      session.dispatch(Event.MessageDelete, { id, channel_id: channelId, guild_id: guildId });
    }
  });
}
