import { type APIMessage, MessageType } from 'discord-api-types/v10';
import { interactionFields, typeOfAnswer } from './interaction-fields.ts';
import type { Message } from './model.ts';
import { channelShape, iso, userShape } from './shapes.ts';
import type { World } from './world.ts';

/**
 * `content: 'hidden'` is what a bot without the message content intent receives of other people's messages; `viewerId`
 * tells whose own reactions count as `me`.
 */
export function messageShape(
  world: World,
  message: Message,
  content: 'shown' | 'hidden' = 'shown',
  viewerId?: string,
): APIMessage {
  const shown = content === 'shown';
  return {
    id: message.id,
    channel_id: message.channelId,
    author: authorShape(world, message),
    content: shown ? message.content : '',
    timestamp: iso(message.createdAt),
    edited_timestamp: message.editedAt === undefined ? null : iso(message.editedAt),
    tts: message.tts,
    mention_everyone: message.mentions.everyone,
    mentions: message.mentions.userIds.map((id) => userShape(world.user(id))),
    mention_roles: message.mentions.roleIds,
    attachments: shown ? message.attachments : [],
    embeds: shown ? message.embeds : [],
    components: shown ? message.components : [],
    pinned: message.pinnedAt !== undefined,
    ...(message.reactions.size === 0 ? {} : { reactions: reactionShapes(message, viewerId) }),
    ...(world.guilds.get(message.guildId ?? '')?.threads.has(message.id)
      ? { thread: channelShape(world.channel(message.id)) }
      : {}),
    ...(message.webhook ? webhookFields(message.webhook) : {}),
    type: message.replyTo === undefined ? typeOfAnswer(message.interaction) : MessageType.Reply,
    flags: message.flags,
    ...(message.nonce === undefined ? {} : { nonce: message.nonce }),
    ...(message.replyTo === undefined
      ? {}
      : {
          message_reference: {
            type: 0,
            message_id: message.replyTo,
            channel_id: message.channelId,
            guild_id: message.guildId,
          },
          referenced_message: referenced(world, message.replyTo, content),
        }),
    ...interactionFields(message, (id) => userShape(world.user(id))),
  } as unknown as APIMessage;
}

/** The message that is answered; null when it is gone. Its own reference is left out, as on Discord. */
function referenced(world: World, id: string, content: 'shown' | 'hidden'): APIMessage | null {
  const message = world.messages.find(id);
  return message ? messageShape(world, { ...message, replyTo: undefined }, content) : null;
}

function authorShape(world: World, { authorId, webhook }: Message) {
  if (!webhook) return userShape(world.user(authorId));
  const { id, username, avatarUrl } = webhook;
  return { id, username, avatar: avatarUrl, discriminator: '0000', global_name: null, bot: true, public_flags: 0 };
}

function webhookFields({ id, applicationId }: NonNullable<Message['webhook']>) {
  return { webhook_id: id, ...(applicationId === null ? {} : { application_id: applicationId }) };
}

/** `👍` or `name:id`, as Discord's partial emoji. */
export function emojiShape(emoji: string): { id: string | null; name: string } {
  const [, name, id] = /^(\w+):(\d+)$/.exec(emoji) ?? [];
  return name !== undefined && id !== undefined ? { id, name } : { id: null, name: emoji };
}

function reactionShapes({ reactions }: Message, viewerId: string | undefined) {
  return [...reactions].map(([emoji, users]) => ({
    emoji: emojiShape(emoji),
    count: users.size,
    count_details: { burst: 0, normal: users.size },
    burst_colors: [],
    me: viewerId !== undefined && users.has(viewerId),
    me_burst: false,
    burst_me: false,
  }));
}
