/** Events of the world's structure: who and what there is. Those of voice and messages are in the contract itself. */
import { z } from 'zod';
import type { World } from '../world/world.ts';
import type { EventLog } from './event-log.ts';

const id = z.string();
const at = z.number();

export const structureEvents = [
  z.object({ type: z.literal('member_added'), at, guildId: id, userId: id, bot: z.boolean() }),
  z.object({
    type: z.literal('member_updated'),
    at,
    guildId: id,
    userId: id,
    roleIds: z.array(id),
    mute: z.boolean(),
    deaf: z.boolean(),
  }),
  z.object({ type: z.literal('member_removed'), at, guildId: id, userId: id }),
  z.object({ type: z.literal('bot_added'), at, guildId: id, userId: id }),
  z.object({ type: z.literal('role_created'), at, guildId: id, roleId: id, name: z.string() }),
  z.object({
    type: z.literal('channel_created'),
    at,
    guildId: id,
    channelId: id,
    kind: z.string(),
    name: z.string(),
  }),
  z.object({ type: z.literal('channel_deleted'), at, guildId: id, channelId: id }),
  z.object({ type: z.literal('channel_updated'), at, guildId: id, channelId: id, name: z.string() }),
  z.object({
    type: z.literal('thread_created'),
    at,
    guildId: id,
    channelId: id,
    parentId: id.nullable(),
    name: z.string(),
  }),
  z.object({ type: z.literal('thread_updated'), at, guildId: id, channelId: id, name: z.string() }),
  z.object({ type: z.literal('thread_deleted'), at, guildId: id, channelId: id }),
  z.object({ type: z.literal('role_updated'), at, guildId: id, roleId: id, name: z.string() }),
  z.object({ type: z.literal('role_deleted'), at, guildId: id, roleId: id }),
  z.object({ type: z.literal('guild_updated'), at, guildId: id, name: z.string() }),
  z.object({ type: z.literal('member_banned'), at, guildId: id, userId: id }),
  z.object({ type: z.literal('member_unbanned'), at, guildId: id, userId: id }),
  z.object({ type: z.literal('direct_channel_opened'), at, channelId: id, botUserId: id, userId: id }),
  z.object({
    type: z.literal('voice_flags_changed'),
    at,
    guildId: id,
    channelId: id,
    userId: id,
    selfMute: z.boolean(),
    selfDeaf: z.boolean(),
    selfVideo: z.boolean(),
    selfStream: z.boolean(),
  }),
] as const;

/** Writes them into the log. */
export function logStructure(log: EventLog, { events, users }: World): void {
  events.on('memberAdded', ({ guild, member: { userId } }) =>
    log.add({
      type: 'member_added',
      at: Date.now(),
      guildId: guild.id,
      userId,
      bot: users.get(userId)?.bot ?? false,
    }),
  );
  events.on('memberUpdated', ({ guild, member: { userId, roleIds, mute, deaf } }) =>
    log.add({ type: 'member_updated', at: Date.now(), guildId: guild.id, userId, roleIds: [...roleIds], mute, deaf }),
  );
  events.on('memberRemoved', ({ guild, userId }) =>
    log.add({ type: 'member_removed', at: Date.now(), guildId: guild.id, userId }),
  );
  events.on('botAdded', ({ guild, userId }) =>
    log.add({ type: 'bot_added', at: Date.now(), guildId: guild.id, userId }),
  );
  events.on('roleCreated', ({ guild, role }) =>
    log.add({ type: 'role_created', at: Date.now(), guildId: guild.id, roleId: role.id, name: role.name }),
  );
  events.on('channelCreated', ({ channel: { id: channelId, guildId, kind, name } }) =>
    log.add({ type: 'channel_created', at: Date.now(), guildId, channelId, kind, name }),
  );
  events.on('channelDeleted', ({ channel: { id: channelId, guildId } }) =>
    log.add({ type: 'channel_deleted', at: Date.now(), guildId, channelId }),
  );
  events.on('channelUpdated', ({ channel: { id: channelId, guildId, name } }) =>
    log.add({ type: 'channel_updated', at: Date.now(), guildId, channelId, name }),
  );
  events.on('threadCreated', ({ thread: { id: channelId, guildId, parentId, name } }) =>
    log.add({ type: 'thread_created', at: Date.now(), guildId, channelId, parentId, name }),
  );
  events.on('threadUpdated', ({ thread: { id: channelId, guildId, name } }) =>
    log.add({ type: 'thread_updated', at: Date.now(), guildId, channelId, name }),
  );
  events.on('threadDeleted', ({ thread: { id: channelId, guildId } }) =>
    log.add({ type: 'thread_deleted', at: Date.now(), guildId, channelId }),
  );
  events.on('roleUpdated', ({ guild, role }) =>
    log.add({ type: 'role_updated', at: Date.now(), guildId: guild.id, roleId: role.id, name: role.name }),
  );
  events.on('roleDeleted', ({ guild, role }) =>
    log.add({ type: 'role_deleted', at: Date.now(), guildId: guild.id, roleId: role.id }),
  );
  events.on('guildUpdated', ({ guild: { id: guildId, name } }) =>
    log.add({ type: 'guild_updated', at: Date.now(), guildId, name }),
  );
  events.on('memberBanned', ({ guild, userId }) =>
    log.add({ type: 'member_banned', at: Date.now(), guildId: guild.id, userId }),
  );
  events.on('memberUnbanned', ({ guild, userId }) =>
    log.add({ type: 'member_unbanned', at: Date.now(), guildId: guild.id, userId }),
  );
  events.on('directChannelOpened', ({ channel: { id: channelId, botUserId, userId } }) =>
    log.add({ type: 'direct_channel_opened', at: Date.now(), channelId, botUserId, userId }),
  );
  events.on('voiceState', ({ state, previous }) => {
    const { guildId, channelId, userId, selfMute, selfDeaf, selfVideo, selfStream } = state;
    if (channelId === null) return;
    const flags = { selfMute, selfDeaf, selfVideo, selfStream };
    const before = previous ?? { selfMute: false, selfDeaf: false, selfVideo: false, selfStream: false };
    const changed = Object.entries(flags).some(([name, value]) => before[name as keyof typeof flags] !== value);
    if (changed) log.add({ type: 'voice_flags_changed', at: Date.now(), guildId, channelId, userId, ...flags });
  });
}
