/** What changes in a guild: its roles, channels, bans, webhooks, and what its audit log says. */
import { GatewayDispatchEvents as Event, PermissionFlagsBits } from 'discord-api-types/v10';
import type { Guild } from '../../world/model.ts';
import { auditLogEntryShape, channelShape, guildShape, roleShape, userShape } from '../../world/shapes.ts';
import type { World } from '../../world/world.ts';
import type { Sessions } from '../sessions.ts';

export function dispatchGuildChanges(world: World, sessions: Sessions): void {
  const { events } = world;
  const toGuild = (guild: Guild, event: Event, data: unknown) => {
    for (const session of sessions.ofGuild(guild)) session.dispatch(event, data);
  };
  const toPermitted = (guild: Guild, bit: bigint, event: Event, data: unknown) => {
    for (const session of sessions.ofGuild(guild))
      if (world.guildPermissionsOf(guild.id, session.userId) & bit) session.dispatch(event, data);
  };
  const { BanMembers, ViewAuditLog } = PermissionFlagsBits;

  events.on('guildUpdated', ({ guild }) => toGuild(guild, Event.GuildUpdate, guildShape(guild)));
  events.on('roleUpdated', ({ guild, role }) =>
    toGuild(guild, Event.GuildRoleUpdate, { guild_id: guild.id, role: roleShape(role) }),
  );
  events.on('roleDeleted', ({ guild, role }) =>
    toGuild(guild, Event.GuildRoleDelete, { guild_id: guild.id, role_id: role.id }),
  );
  events.on('channelUpdated', ({ channel }) =>
    toGuild(world.guild(channel.guildId), Event.ChannelUpdate, channelShape(channel)),
  );
  events.on('channelStatus', ({ channel: { id, guildId, status } }) =>
    toGuild(world.guild(guildId), Event.VoiceChannelStatusUpdate, { id, guild_id: guildId, status }),
  );
  events.on('memberBanned', ({ guild, userId }) => {
    const data = { guild_id: guild.id, user: userShape(world.user(userId)) };
    toPermitted(guild, BanMembers, Event.GuildBanAdd, data);
  });
  events.on('memberUnbanned', ({ guild, userId }) => {
    const data = { guild_id: guild.id, user: userShape(world.user(userId)) };
    toPermitted(guild, BanMembers, Event.GuildBanRemove, data);
  });
  events.on('webhooksUpdated', ({ guildId, channelId }) =>
    toGuild(world.guild(guildId), Event.WebhooksUpdate, { guild_id: guildId, channel_id: channelId }),
  );
  events.on('auditLogEntry', ({ guild, entry }) => {
    const data = { ...auditLogEntryShape(entry), guild_id: guild.id };
    toPermitted(guild, ViewAuditLog, Event.GuildAuditLogEntryCreate, data);
  });
}
