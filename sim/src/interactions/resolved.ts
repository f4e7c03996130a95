/** The objects behind the ids in options and selects (`resolved` of the interaction). */
import type { Channel } from '../world/model.ts';
import { channelShape, memberShape, roleShape, userShape } from '../world/shapes.ts';
import type { World } from '../world/world.ts';
import type { Place } from './envelope.ts';

export interface AttachmentInput {
  /** By this the option's value names it. */
  id: string;
  filename: string;
  contentType?: string | undefined;
  /** In bytes. */
  size?: number | undefined;
  url?: string | undefined;
}

type Table = 'users' | 'members' | 'roles' | 'channels' | 'messages' | 'attachments';

export class Resolved {
  readonly #world: World;
  readonly #place: Place;
  readonly #tables: Partial<Record<Table, Record<string, unknown>>> = {};
  constructor(world: World, place: Place) {
    this.#world = world;
    this.#place = place;
  }

  /** False when nobody has this id here. */
  user(id: string): boolean {
    const { guildId, channel } = this.#place;
    const user = this.#world.users.get(id);
    if (!user) return false;
    if (channel.kind === 'dm' && id !== channel.userId && id !== channel.botUserId) return false;
    this.#put('users', id, userShape(user));
    const member = guildId === undefined ? undefined : this.#world.guild(guildId).members.get(id);
    // A user id may name somebody outside the guild (typed by hand); then there is no member.
    if (!member || guildId === undefined) return true;
    const { user: _, deaf: _deaf, mute: _mute, ...shape } = memberShape(this.#world, member);
    const permissions =
      channel.kind === 'dm'
        ? this.#world.guildPermissionsOf(guildId, id)
        : this.#world.channelPermissionsOf(channel.id, id);
    this.#put('members', id, { ...shape, permissions: permissions.toString() });
    return true;
  }

  role(id: string): boolean {
    const role = this.#place.guildId === undefined ? undefined : this.#world.guild(this.#place.guildId).roles.get(id);
    if (role) this.#put('roles', id, roleShape(role));
    return role !== undefined;
  }

  /** The channel of this guild, which the person can see. */
  channel(id: string): Channel | undefined {
    const { guildId, userId } = this.#place;
    const channel = guildId === undefined ? undefined : this.#world.guild(guildId).channels.get(id);
    if (!channel) return undefined;
    const permissions = this.#world.channelPermissionsOf(id, userId);
    if (permissions === 0n) return undefined;
    this.#put('channels', id, { ...channelShape(channel), permissions: permissions.toString() });
    return channel;
  }

  message(id: string, shape: unknown): void {
    this.#put('messages', id, shape);
  }

  /** Gives the attachment an id of its own, which is returned. */
  attachment({ filename, contentType, size, url }: AttachmentInput): string {
    const id = this.#world.snowflakes.next();
    const address = url ?? `https://cdn.discordapp.com/ephemeral-attachments/${id}/${id}/${filename}`;
    this.#put('attachments', id, {
      id,
      filename,
      size: size ?? 0,
      url: address,
      proxy_url: address,
      content_type: contentType ?? 'application/octet-stream',
      ephemeral: true,
    });
    return id;
  }

  /** `{ resolved }`, or nothing when no ids were named. */
  get fields(): { resolved?: Record<string, unknown> } {
    return Object.keys(this.#tables).length === 0 ? {} : { resolved: this.#tables };
  }

  #put(table: Table, id: string, shape: unknown): void {
    const entries = this.#tables[table] ?? {};
    entries[id] = shape;
    this.#tables[table] = entries;
  }
}
