import { GatewayDispatchEvents as Event, PermissionFlagsBits } from 'discord-api-types/v10';
import type { Channel } from '../../world/model.ts';
import { channelShape, memberShape, threadMemberShape } from '../../world/shapes.ts';
import type { World } from '../../world/world.ts';
import type { GatewaySession } from '../session.ts';
import type { Sessions } from '../sessions.ts';

/** May this user know of the thread? Private ones: their members, and who manages threads. */
export function seesThread(world: World, thread: Channel, userId: string): boolean {
  const permissions = world.channelPermissionsOf(thread.parentId ?? thread.id, userId);
  if (!(permissions & PermissionFlagsBits.ViewChannel)) return false;
  if (!thread.thread?.private || thread.thread.memberIds.has(userId)) return true;
  return (permissions & PermissionFlagsBits.ManageThreads) !== 0n;
}

/** May this user see the channel, or the thread? False for one that is gone. */
export function seesChannel(world: World, guildId: string, channelId: string, userId: string): boolean {
  const guild = world.guild(guildId);
  const thread = guild.threads.get(channelId);
  if (thread) return seesThread(world, thread, userId);
  if (!guild.channels.has(channelId)) return false;
  return (world.channelPermissionsOf(channelId, userId) & PermissionFlagsBits.ViewChannel) !== 0n;
}

/** The threads that GUILD_CREATE names: live, and visible to the bot. */
export function activeThreads(world: World, guildId: string, userId: string) {
  return [...world.guild(guildId).threads.values()]
    .filter((thread) => !thread.thread?.archived && seesThread(world, thread, userId))
    .map((thread) => ({ ...channelShape(thread), ...ownMember(thread, userId) }));
}

const ownMember = (thread: Channel, userId: string) =>
  thread.thread?.memberIds.has(userId) ? { member: threadMemberShape(thread, userId) } : {};

export function dispatchThreads(world: World, sessions: Sessions): void {
  const { events } = world;
  const toViewers = (thread: Channel, event: Event, data: (session: GatewaySession) => unknown) => {
    for (const session of sessions.ofGuild(world.guild(thread.guildId)))
      if (seesThread(world, thread, session.userId)) session.dispatch(event, data(session));
  };
  events.on('threadCreated', ({ thread }) =>
    toViewers(thread, Event.ThreadCreate, ({ userId }) => {
      return { ...channelShape(thread), newly_created: true, ...ownMember(thread, userId) };
    }),
  );
  events.on('threadUpdated', ({ thread }) => toViewers(thread, Event.ThreadUpdate, () => channelShape(thread)));
  events.on('threadDeleted', ({ thread }) => {
    // The channel may go at the same time; it is still there when its threads are deleted.
    const { id, guild_id, parent_id, type } = channelShape(thread) as ReturnType<typeof channelShape> & {
      guild_id: string;
      parent_id: string;
    };
    toViewers(thread, Event.ThreadDelete, () => ({ id, guild_id, parent_id, type }));
  });
  events.on('threadMembers', ({ thread, added, removed }) => {
    const members = added.map((userId) => {
      const member = memberShape(world, world.member(thread.guildId, userId));
      return { ...threadMemberShape(thread, userId), member, presence: null };
    });
    const data = {
      id: thread.id,
      guild_id: thread.guildId,
      member_count: thread.thread?.memberIds.size ?? 0,
      ...(members.length > 0 ? { added_members: members } : {}),
      ...(removed.length > 0 ? { removed_member_ids: removed } : {}),
    };
    for (const session of sessions.ofGuild(world.guild(thread.guildId))) {
      // Of itself a bot hears without the members intent too.
      const own = added.includes(session.userId) || removed.includes(session.userId);
      if (own || seesThread(world, thread, session.userId)) session.dispatch(Event.ThreadMembersUpdate, data, own);
    }
  });
}
