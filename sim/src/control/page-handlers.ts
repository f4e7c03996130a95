import type { Application, Guild } from '../world/model.ts';
import type { World } from '../world/world.ts';
import type { EventLog } from './event-log.ts';
import type { Handlers } from './handlers.ts';
import type { pageOperations, SnapshotApplication, SnapshotCommand, SnapshotGuild } from './page-operations.ts';

interface PageParts {
  world: World;
  log: EventLog;
}

export function pageHandlers({ world, log }: PageParts): Pick<Handlers, keyof typeof pageOperations> {
  const speaking = new Set<string>();
  const online = new Set<string>();
  log.follow(0, ({ event }) => {
    if (event.type === 'bot_ready') online.add(event.userId);
    if (event.type === 'bot_gone') online.delete(event.userId);
    if (event.type === 'speaking' && event.speaking !== 0) speaking.add(event.userId);
    else if (event.type === 'speaking' || event.type === 'voice_left' || event.type === 'voice_client_gone')
      speaking.delete(event.userId);
  });

  return {
    snapshot: ({ userId }) => ({
      lastEventId: log.lastId,
      users: [...world.users.values()].map(({ id, username, bot }) => ({ id, name: username, bot })),
      applications: [...world.applications.values()].map((application) => ({
        ...applicationOf(application),
        online: online.has(application.botUserId),
      })),
      guilds: [...world.guilds.values()].map((guild) => guildOf(world, guild, userId)),
      directChannels: [...world.directChannels.values()].map(({ id, botUserId, userId }) => ({
        id,
        botUserId,
        userId,
      })),
      speaking: [...speaking],
    }),
  };
}

function applicationOf({ id, name, botUserId, interactionsUrl, commands }: Application) {
  const all = [...commands].flatMap(([scope, list]) =>
    list.map(
      (command): SnapshotCommand => ({
        id: command.id,
        guildId: scope === 'global' ? null : scope,
        name: command.name,
        type: command.type,
        description: command.description,
        options: command.options ?? [],
      }),
    ),
  );
  const shape: Omit<SnapshotApplication, 'online'> = {
    id,
    name,
    botUserId,
    interactionsUrl: interactionsUrl ?? null,
    commands: all,
  };
  return shape;
}

function guildOf(world: World, guild: Guild, userId: string | undefined): SnapshotGuild {
  const seen = (channelId: string) =>
    userId === undefined || !guild.members.has(userId) || world.channelPermissionsOf(channelId, userId) !== 0n;
  return {
    id: guild.id,
    name: guild.name,
    ownerId: guild.ownerId,
    roles: [...guild.roles.values()].map(({ id, name, position, managed, permissions, ...role }) => {
      const color = 'color' in role && typeof role.color === 'number' ? role.color : 0;
      return { id, name, color, position, managed, permissions: permissions.toString() };
    }),
    channels: [...guild.channels.values(), ...guild.threads.values()].map(
      ({ id, name, kind, position, parentId, userLimit }) => {
        return { id, name, kind, position, parentId, userLimit, visible: seen(id) };
      },
    ),
    members: [...guild.members.values()].map(({ userId, nick, roleIds, mute, deaf }) => {
      return { userId, nick, roleIds: [...roleIds], mute, deaf };
    }),
    voiceStates: [...guild.voiceStates.values()].flatMap(({ channelId, userId, ...state }) => {
      const { selfMute, selfDeaf, selfVideo, selfStream } = state;
      return channelId === null ? [] : [{ userId, channelId, selfMute, selfDeaf, selfVideo, selfStream }];
    }),
  };
}
