import { WorldError } from './errors.ts';
import type { Channel, ChannelKind, Overwrite, ThreadState } from './model.ts';
import type { World } from './world.ts';

export type ChannelChange = Partial<
  Pick<
    Channel,
    | 'name'
    | 'position'
    | 'parentId'
    | 'userLimit'
    | 'overwrites'
    | 'topic'
    | 'nsfw'
    | 'rateLimitPerUser'
    | 'bitrate'
    | 'thread'
  >
>;
export interface ChannelOptions {
  name: string;
  parentId?: string | null | undefined;
  userLimit?: number | undefined;
  overwrites?: Overwrite[];
  position?: number | undefined;
  topic?: string | null | undefined;
  nsfw?: boolean | undefined;
  rateLimitPerUser?: number | undefined;
  bitrate?: number | undefined;
}

const blank = { topic: null, nsfw: false, rateLimitPerUser: 0, bitrate: 64_000, status: null, thread: undefined };

/** Channels of all guilds, and the threads in them. */
export class Channels {
  readonly #world: World;
  constructor(world: World) {
    this.#world = world;
  }

  create(guildId: string, kind: Exclude<ChannelKind, 'thread'>, options: ChannelOptions): Channel {
    const guild = this.#world.guild(guildId);
    const channel: Channel = {
      ...blank,
      id: this.#world.snowflakes.next(),
      guildId,
      kind,
      name: options.name,
      position: options.position ?? guild.channels.size,
      parentId: options.parentId ?? null,
      userLimit: options.userLimit ?? 0,
      overwrites: options.overwrites ?? [],
      topic: options.topic ?? null,
      nsfw: options.nsfw ?? false,
      rateLimitPerUser: options.rateLimitPerUser ?? 0,
      bitrate: options.bitrate ?? blank.bitrate,
    };
    guild.channels.set(channel.id, channel);
    this.#world.events.emit('channelCreated', { channel });
    return channel;
  }

  /** A thread on a channel; from a message it takes that message's id, as on Discord. */
  createThread(
    parentId: string,
    ownerId: string,
    options: { name: string; messageId?: string } & Partial<
      Pick<ThreadState, 'private' | 'autoArchiveMinutes' | 'invitable'>
    > & { rateLimitPerUser?: number | undefined },
  ): Channel {
    const parent = this.#world.channel(parentId);
    if (parent.thread || parent.kind === 'category')
      throw new WorldError('not_a_text_channel', `channel ${parentId} takes no threads; choose a text channel`);
    const now = Date.now();
    const thread: Channel = {
      ...blank,
      id: options.messageId ?? this.#world.snowflakes.next(),
      guildId: parent.guildId,
      kind: 'thread',
      name: options.name,
      position: 0,
      parentId,
      userLimit: 0,
      overwrites: [],
      rateLimitPerUser: options.rateLimitPerUser ?? 0,
      thread: {
        ownerId,
        private: options.private ?? false,
        archived: false,
        locked: false,
        invitable: options.invitable ?? true,
        autoArchiveMinutes: options.autoArchiveMinutes ?? 4320,
        archiveChangedAt: now,
        createdAt: now,
        memberIds: new Map([[ownerId, now]]),
      },
    };
    this.#world.guild(parent.guildId).threads.set(thread.id, thread);
    this.#world.events.emit('threadCreated', { thread });
    return thread;
  }

  update(id: string, change: ChannelChange): Channel {
    const channel = this.#world.channel(id);
    Object.assign(channel, change);
    if (channel.thread) this.#world.events.emit('threadUpdated', { thread: channel });
    else this.#world.events.emit('channelUpdated', { channel });
    return channel;
  }

  setStatus(id: string, status: string | null): void {
    const channel = this.#world.channel(id);
    channel.status = status;
    this.#world.events.emit('channelStatus', { channel });
  }

  joinThread(id: string, userId: string): void {
    const { channel, thread } = this.#thread(id);
    if (thread.memberIds.has(userId)) return;
    thread.memberIds.set(userId, Date.now());
    this.#world.events.emit('threadMembers', { thread: channel, added: [userId], removed: [] });
  }

  leaveThread(id: string, userId: string): void {
    const { channel, thread } = this.#thread(id);
    if (!thread.memberIds.delete(userId)) return;
    this.#world.events.emit('threadMembers', { thread: channel, added: [], removed: [userId] });
  }

  /** Everybody in it leaves first; its threads go with it, and the channels of a category stay without it. */
  delete(id: string): Channel {
    const { events, voice } = this.#world;
    const channel = this.#world.channel(id);
    const guild = this.#world.guild(channel.guildId);
    if (channel.thread) {
      guild.threads.delete(id);
      events.emit('threadDeleted', { thread: channel });
      return channel;
    }
    for (const state of [...guild.voiceStates.values()]) {
      if (state.channelId === id) voice.leave(guild.id, state.userId, 'channel_deleted');
    }
    for (const thread of [...guild.threads.values()]) if (thread.parentId === id) this.delete(thread.id);
    guild.channels.delete(id);
    events.emit('channelDeleted', { channel });
    for (const child of guild.channels.values()) if (child.parentId === id) this.update(child.id, { parentId: null });
    return channel;
  }

  #thread(id: string): { channel: Channel; thread: ThreadState } {
    const channel = this.#world.channel(id);
    if (!channel.thread) throw new WorldError('unknown_channel', `channel ${id} is no thread`);
    return { channel, thread: channel.thread };
  }
}
