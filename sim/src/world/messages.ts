import { PermissionFlagsBits } from 'discord-api-types/v10';
import type { AttachmentInput } from './attachments.ts';
import { WorldError } from './errors.ts';
import { type AllowedMentions, type Mentions, mentionsOf } from './mentions.ts';
import { resolveFiles } from './message-files.ts';
import { textsOf } from './message-text.ts';
import type { Channel, DirectChannel, Message } from './model.ts';
import type { World } from './world.ts';

export type MessageContent = Partial<Pick<Message, 'content' | 'embeds' | 'components' | 'flags'>> & {
  /** New files, and the old ones that stay. */
  attachments?: AttachmentInput[];
  /** The message keeps its old attachments beside `attachments`. */
  keepsAttachments?: boolean;
  allowedMentions?: AllowedMentions | undefined;
};
export type MessageOrigin = Partial<
  Pick<Message, 'replyTo' | 'nonce' | 'visibleTo' | 'interaction' | 'tts' | 'webhook'>
>;

/** Messages of all channels, oldest first. */
export class Messages {
  readonly #world: World;
  readonly #byId = new Map<string, Message>();
  constructor(world: World) {
    this.#world = world;
  }

  create(channelId: string, authorId: string, content: MessageContent, origin: MessageOrigin = {}): Message {
    const channel = this.#world.messageChannel(channelId);
    const attachments = this.#world.attachments.settle(channelId, content.attachments ?? [], []);
    const message: Message = {
      id: this.#world.snowflakes.next(),
      channelId,
      guildId: channel.kind === 'dm' ? undefined : channel.guildId,
      authorId,
      content: content.content ?? '',
      embeds: resolveFiles(content.embeds ?? [], attachments),
      components: resolveFiles(content.components ?? [], attachments),
      attachments,
      mentions: { userIds: [], roleIds: [], everyone: false },
      pinnedAt: undefined,
      reactions: new Map(),
      tts: origin.tts ?? false,
      flags: content.flags ?? 0,
      createdAt: Date.now(),
      editedAt: undefined,
      replyTo: origin.replyTo,
      nonce: origin.nonce,
      visibleTo: origin.visibleTo,
      interaction: origin.interaction,
      webhook: origin.webhook,
    };
    message.mentions = this.#mentions(channel, message, content.allowedMentions);
    this.#byId.set(message.id, message);
    this.#world.events.emit('messageCreated', { message });
    return message;
  }

  edit(id: string, change: MessageContent): Message {
    const message = this.get(id);
    const { attachments: inputs, allowedMentions, keepsAttachments, ...rest } = change;
    if (inputs !== undefined) {
      const settled = this.#world.attachments.settle(message.channelId, inputs, message.attachments);
      message.attachments = keepsAttachments ? [...message.attachments, ...settled] : settled;
    }
    Object.assign(message, rest, { editedAt: Date.now() });
    message.embeds = resolveFiles(message.embeds, message.attachments);
    message.components = resolveFiles(message.components, message.attachments);
    message.mentions = this.#mentions(this.#world.messageChannel(message.channelId), message, allowedMentions);
    this.#world.events.emit('messageUpdated', { message });
    return message;
  }

  delete(id: string): void {
    const message = this.get(id);
    this.#byId.delete(id);
    this.#world.events.emit('messageDeleted', { message });
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** Deletes those of the channel that exist, as one. */
  deleteMany(channelId: string, ids: readonly string[]): void {
    const messages = ids.flatMap((id) => this.#byId.get(id) ?? []).filter((found) => found.channelId === channelId);
    for (const { id } of messages) this.#byId.delete(id);
    if (messages.length > 0) this.#world.events.emit('messagesDeleted', { channelId, messages });
  }

  pin(id: string, pinned: boolean): void {
    const message = this.get(id);
    if ((message.pinnedAt !== undefined) === pinned) return;
    message.pinnedAt = pinned ? Date.now() : undefined;
    this.#world.events.emit('messageUpdated', { message });
    const [last] = this.pinned(message.channelId);
    this.#world.events.emit('pinsUpdated', { channelId: message.channelId, lastPinAt: last?.pinnedAt });
  }

  /** Newest pin first. */
  pinned(channelId: string): Message[] {
    return this.inChannel(channelId)
      .filter(({ pinnedAt }) => pinnedAt !== undefined)
      .sort((a, b) => (b.pinnedAt ?? 0) - (a.pinnedAt ?? 0));
  }

  react(id: string, userId: string, emoji: string): void {
    const message = this.get(id);
    const users = message.reactions.get(emoji) ?? new Set();
    if (users.has(userId)) return;
    message.reactions.set(emoji, users.add(userId));
    this.#world.events.emit('reactionAdded', { message, userId, emoji });
  }

  unreact(id: string, userId: string, emoji: string): void {
    const message = this.get(id);
    const users = message.reactions.get(emoji);
    if (!users?.delete(userId)) return;
    if (users.size === 0) message.reactions.delete(emoji);
    this.#world.events.emit('reactionRemoved', { message, userId, emoji });
  }

  /** Takes all reactions away, or all of one emoji. */
  clearReactions(id: string, emoji?: string): void {
    const message = this.get(id);
    if (emoji === undefined) message.reactions.clear();
    else message.reactions.delete(emoji);
    this.#world.events.emit('reactionsCleared', { message, emoji });
  }

  get(id: string): Message {
    const message = this.#byId.get(id);
    if (!message) throw new WorldError('unknown_message', `there is no message ${id}`);
    return message;
  }

  find(id: string): Message | undefined {
    return this.#byId.get(id);
  }

  inChannel(channelId: string): Message[] {
    return [...this.#byId.values()].filter((message) => message.channelId === channelId);
  }

  #mentions(channel: Channel | DirectChannel, message: Message, allowed: AllowedMentions | undefined): Mentions {
    const world = this.#world;
    const guild = channel.kind === 'dm' ? undefined : world.guild(channel.guildId);
    // A webhook is no member and may mention everyone unless the request says otherwise.
    const isMember = guild?.members.has(message.authorId) ?? false;
    const permissions = isMember ? world.channelPermissionsOf(channel.id, message.authorId) : 0n;
    return mentionsOf(textsOf(message).join('\n'), allowed, {
      guild,
      mayMentionAll: message.webhook !== undefined || (permissions & PermissionFlagsBits.MentionEveryone) !== 0n,
      repliedTo: message.replyTo === undefined ? undefined : this.find(message.replyTo),
      isUser: (id) => world.users.has(id),
    });
  }
}
