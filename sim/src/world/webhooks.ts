import { randomBytes } from 'node:crypto';
import { WorldError } from './errors.ts';
import type { World } from './world.ts';

export interface Webhook {
  id: string;
  token: string;
  guildId: string;
  channelId: string;
  name: string;
  avatar: string | null;
  /** Who made it. */
  userId: string;
  /** Of the bot that made it; only such webhooks may send components that can be used. */
  applicationId: string | null;
}

/** Incoming webhooks of all channels. */
export class Webhooks {
  readonly #world: World;
  readonly #byId = new Map<string, Webhook>();
  constructor(world: World) {
    this.#world = world;
    world.events.on('channelDeleted', ({ channel }) => {
      for (const { id, channelId } of this.#byId.values()) if (channelId === channel.id) this.#byId.delete(id);
    });
  }

  create(channelId: string, options: Pick<Webhook, 'name' | 'avatar' | 'userId' | 'applicationId'>): Webhook {
    const { guildId } = this.#world.channel(channelId);
    const token = randomBytes(51).toString('base64url');
    const webhook: Webhook = { ...options, id: this.#world.snowflakes.next(), token, guildId, channelId };
    this.#byId.set(webhook.id, webhook);
    this.#announce(webhook);
    return webhook;
  }

  update(id: string, change: Partial<Pick<Webhook, 'name' | 'avatar' | 'channelId'>>): Webhook {
    const webhook = this.get(id);
    const before = { ...webhook };
    Object.assign(webhook, change);
    if (before.channelId !== webhook.channelId) this.#announce(before);
    this.#announce(webhook);
    return webhook;
  }

  delete(id: string): void {
    const webhook = this.get(id);
    this.#byId.delete(id);
    this.#announce(webhook);
  }

  get(id: string): Webhook {
    const found = this.#byId.get(id);
    if (!found) throw new WorldError('unknown_webhook', `there is no webhook ${id}`);
    return found;
  }

  find(id: string): Webhook | undefined {
    return this.#byId.get(id);
  }

  all(): Webhook[] {
    return [...this.#byId.values()];
  }

  #announce({ guildId, channelId }: Webhook): void {
    this.#world.events.emit('webhooksUpdated', { guildId, channelId });
  }
}
