/** What happens to messages beside being written: reactions, pins, typing, deletion in bulk. */
import { GatewayDispatchEvents as Event, GatewayIntentBits as Intent } from 'discord-api-types/v10';
import { emojiShape, memberShape } from '../../world/shapes.ts';
import type { World } from '../../world/world.ts';
import type { Sessions } from '../sessions.ts';
import { seesChannel } from './threads.ts';

export function dispatchAroundMessages(world: World, sessions: Sessions): void {
  const { events } = world;
  /** To the bots that see the channel; in a private one, to its bot if it has `directIntent`. */
  const toViewers = (channelId: string, event: Event, data: object, directIntent: number) => {
    const direct = world.directChannels.get(channelId);
    if (direct) {
      for (const session of sessions.ofUser(direct.botUserId))
        if (session.shard[0] === 0 && session.intents & directIntent) session.dispatch(event, data, true);
      return;
    }
    const { guildId } = world.channel(channelId);
    for (const session of sessions.ofGuild(world.guild(guildId))) {
      if (seesChannel(world, guildId, channelId, session.userId))
        session.dispatch(event, { ...data, guild_id: guildId });
    }
  };
  const memberOf = (guildId: string | undefined, userId: string) => {
    const member = guildId === undefined ? undefined : world.guild(guildId).members.get(userId);
    return member ? { member: memberShape(world, member) } : {};
  };

  events.on('reactionAdded', ({ message, userId, emoji }) => {
    const data = {
      user_id: userId,
      channel_id: message.channelId,
      message_id: message.id,
      message_author_id: message.authorId,
      emoji: emojiShape(emoji),
      burst: false,
      type: 0,
      ...memberOf(message.guildId, userId),
    };
    toViewers(message.channelId, Event.MessageReactionAdd, data, Intent.DirectMessageReactions);
  });
  events.on('reactionRemoved', ({ message: { id, channelId }, userId, emoji }) => {
    const data = {
      user_id: userId,
      channel_id: channelId,
      message_id: id,
      emoji: emojiShape(emoji),
      burst: false,
      type: 0,
    };
    toViewers(channelId, Event.MessageReactionRemove, data, Intent.DirectMessageReactions);
  });
  events.on('reactionsCleared', ({ message: { id, channelId }, emoji }) => {
    const data = { channel_id: channelId, message_id: id };
    if (emoji === undefined) toViewers(channelId, Event.MessageReactionRemoveAll, data, Intent.DirectMessageReactions);
    else {
      const one = { ...data, emoji: emojiShape(emoji) };
      toViewers(channelId, Event.MessageReactionRemoveEmoji, one, Intent.DirectMessageReactions);
    }
  });
  events.on('messagesDeleted', ({ channelId, messages }) => {
    const data = { ids: messages.map(({ id }) => id), channel_id: channelId };
    toViewers(channelId, Event.MessageDeleteBulk, data, Intent.DirectMessages);
  });
  events.on('pinsUpdated', ({ channelId, lastPinAt }) => {
    const last = lastPinAt === undefined ? null : new Date(lastPinAt).toISOString();
    const data = { channel_id: channelId, last_pin_timestamp: last };
    toViewers(channelId, Event.ChannelPinsUpdate, data, Intent.DirectMessages);
  });
  events.on('typing', ({ channelId, userId }) => {
    const guildId = world.directChannels.has(channelId) ? undefined : world.channel(channelId).guildId;
    const timestamp = Math.floor(Date.now() / 1000);
    const data = { channel_id: channelId, user_id: userId, timestamp, ...memberOf(guildId, userId) };
    toViewers(channelId, Event.TypingStart, data, Intent.DirectMessageTyping);
  });
}
