/** What a guild tells its hub: one object, or several numbered ones when it has many viewers. */
import { type Env, hubOf } from '../env.ts';
import type { HubItem, PublishAnswer } from '../hub/items.ts';
import type { GuildBook } from './book.ts';

/** How many shards of the hub are told; shard 0 always is, since it keeps what is replayed. */
export class HubShards {
  readonly #book: GuildBook;
  readonly #env: Env;

  constructor(book: GuildBook, env: Env) {
    this.#book = book;
    this.#env = env;
  }

  get count(): number {
    return Number(this.#book.store.meta('hub.shards') ?? 1);
  }

  /** A shard is about to take its first socket. Call it in a transaction; the answer allows the socket. */
  open(shard: number): void {
    if (shard < this.count) return;
    this.#book.store.setMeta('hub.shards', String(shard + 1));
    // Shard 0 hears of the new count, and passes on who speaks.
    this.#book.owe('hub', { kind: 'access' });
  }

  /** Delivers in order, to all shards at once. Each drops what it had already. */
  async publish(items: HubItem[]): Promise<void> {
    const { store, id } = this.#book;
    const shards = this.count;
    const batch = { guildId: id, epoch: store.meta('epoch') ?? '', access: this.#book.access.version, shards, items };
    const answers = await Promise.all(
      Array.from(
        { length: shards },
        (_, shard): Promise<PublishAnswer> => hubOf(this.#env, id, shard).publish({ ...batch, shard }),
      ),
    );
    // The highest one is empty and expects nobody: it is told nothing until it opens again.
    if (shards > 1 && answers.at(-1)?.sockets === 0 && this.count === shards) {
      store.setMeta('hub.shards', String(shards - 1));
    }
  }
}
