import { WorldError } from './errors.ts';
import type { Message } from './model.ts';
import type { World } from './world.ts';

export type MessageContent = Partial<Pick<Message, 'content' | 'embeds' | 'components' | 'attachments' | 'flags'>>;
export type MessageOrigin = Partial<Pick<Message, 'replyTo' | 'nonce' | 'visibleTo' | 'interaction'>>;

/** Messages of all text and voice channels, oldest first. */
export class Messages {
  readonly #world: World;
  readonly #byId = new Map<string, Message>();
  constructor(world: World) {
    this.#world = world;
  }

  create(channelId: string, authorId: string, content: MessageContent, origin: MessageOrigin = {}): Message {
    const channel = this.#world.messageChannel(channelId);
    const message: Message = {
      id: this.#world.snowflakes.next(),
      channelId,
      guildId: channel.kind === 'dm' ? undefined : channel.guildId,
      authorId,
      content: content.content ?? '',
      embeds: content.embeds ?? [],
      components: content.components ?? [],
      attachments: content.attachments ?? [],
      flags: content.flags ?? 0,
      createdAt: Date.now(),
      editedAt: undefined,
      replyTo: origin.replyTo,
      nonce: origin.nonce,
      visibleTo: origin.visibleTo,
      interaction: origin.interaction,
    };
    this.#byId.set(message.id, message);
    this.#world.events.emit('messageCreated', { message });
    return message;
  }

  edit(id: string, change: MessageContent): Message {
    const message = this.get(id);
    Object.assign(message, change, { editedAt: Date.now() });
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

  get(id: string): Message {
    const message = this.#byId.get(id);
    if (!message) throw new WorldError('unknown_message', `there is no message ${id}`);
    return message;
  }

  inChannel(channelId: string): Message[] {
    return [...this.#byId.values()].filter((message) => message.channelId === channelId);
  }
}
