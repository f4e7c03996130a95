/** Questions about the state that several components ask. */
import type {
  SnapshotApplication,
  SnapshotChannel,
  SnapshotGuild,
  SnapshotVoiceState,
} from '../../src/control/page-operations.ts';
import type { PageState } from './store.ts';

type World = PageState['world'];

export const directGuildId = 'direct';

export function guildOf({ world, guildId }: Pick<PageState, 'world' | 'guildId'>): SnapshotGuild | undefined {
  return world.guilds.find(({ id }) => id === guildId);
}

export function channelOf(state: Pick<PageState, 'world' | 'guildId' | 'channelId'>): SnapshotChannel | undefined {
  return guildOf(state)?.channels.find(({ id }) => id === state.channelId);
}

/** The name under which a guild (or nobody in particular) knows a user. */
export function nameOf(world: World, userId: string, guildId?: string): string {
  const nick = world.guilds.find(({ id }) => id === guildId)?.members.find((member) => member.userId === userId)?.nick;
  return nick ?? world.users.find(({ id }) => id === userId)?.name ?? 'somebody unknown';
}

export function isBot(world: World, userId: string): boolean {
  return world.users.find(({ id }) => id === userId)?.bot ?? false;
}

export function applicationOfBot(world: World, botUserId: string): SnapshotApplication | undefined {
  return world.applications.find((application) => application.botUserId === botUserId);
}

/** Where a user is in voice. */
export function voiceOf(
  world: World,
  userId: string | undefined,
): { guild: SnapshotGuild; state: SnapshotVoiceState } | undefined {
  for (const guild of world.guilds) {
    const state = guild.voiceStates.find((voice) => voice.userId === userId);
    if (state) return { guild, state };
  }
  return undefined;
}

/** Colour of the highest coloured role, as CSS. */
export function colorOf(guild: SnapshotGuild | undefined, userId: string): string | undefined {
  const roleIds = guild?.members.find((member) => member.userId === userId)?.roleIds ?? [];
  const colored = guild?.roles.filter(({ id, color }) => roleIds.includes(id) && color !== 0) ?? [];
  const highest = colored.sort((left, right) => right.position - left.position)[0];
  return highest && cssColor(highest.color);
}

export function cssColor(rgb: number): string {
  return `#${rgb.toString(16).padStart(6, '0')}`;
}

export function roleName(world: World, roleId: string): string {
  for (const { roles } of world.guilds) for (const role of roles) if (role.id === roleId) return role.name;
  return 'unknown role';
}

export function channelName(world: World, channelId: string): string {
  for (const { channels } of world.guilds) for (const { id, name } of channels) if (id === channelId) return name;
  const direct = world.directChannels.find(({ id }) => id === channelId);
  return direct ? nameOf(world, direct.botUserId) : 'unknown';
}
