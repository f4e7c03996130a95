import { hubCloseCodes } from '@patchbay/shared/hub-protocol';
import { ulid } from 'ulid';
import { Access } from '../access/sight.ts';
import type { Client, Clients } from './clients.ts';
import type { HubCounters } from './counters.ts';
import { isEphemeral } from './fan-out.ts';
import type { GuildPicture, Published } from './items.ts';
import type { Ring } from './ring.ts';
import type { Sender } from './sender.ts';
import { SharedRequest } from './shared-request.ts';
import { shownTo, visibleSnapshot } from './visibility.ts';

interface Since {
  epoch: string;
  seq: number;
}

/** Brings clients up to date: by a snapshot, or by what they missed. Keeps the facts by which events are filtered. */
export class Pictures {
  readonly #parts: { clients: Clients; sender: Sender; counters: HubCounters; ring: Ring };
  readonly #fresh: SharedRequest<GuildPicture>;
  #access: Access | null = null;
  #epoch = '';
  /** Sequence of the newest picture or event. */
  seq = 0;
  shards = 1;

  /** `ask` gets the guild's picture. */
  constructor(
    parts: { clients: Clients; sender: Sender; counters: HubCounters; ring: Ring },
    ask: () => Promise<GuildPicture>,
  ) {
    this.#parts = parts;
    this.#fresh = new SharedRequest(ask);
  }

  /** The facts that are known, when they are those of this epoch and version. */
  knows(epoch: string, version: number): boolean {
    return this.#access !== null && this.#epoch === epoch && this.#access.facts.version >= version;
  }

  get known(): boolean {
    return this.#access !== null;
  }

  /** Are members' roles reported as they change? */
  get membersReported(): boolean {
    return this.#access?.facts.membersReported ?? false;
  }

  /** Gets the newest facts; those who may see something else now are given a fresh picture, soon. */
  async learn(): Promise<void> {
    this.#catchUp(await this.#get());
  }

  /** Some roles are different: gives a fresh picture to those who may see something else now. */
  async review(): Promise<void> {
    const access = this.#access;
    if (!access) return;
    let changed = false;
    for (const client of this.#settled()) {
      // At once: what may not be seen any more shall not be sent while the picture is on its way.
      client.sight = client.viewer && access.of(client.viewer);
      changed ||= this.#keyOf(access, client) !== client.told;
    }
    if (changed) await this.learn();
  }

  /** The first picture of a client, or its next after a reconnection. Events that come meanwhile wait for it. */
  async greet(client: Client, since: Since | undefined): Promise<void> {
    client.pending = [];
    const picture = await this.#prepare(client);
    if (!picture) return;
    const { sender, counters, ring } = this.#parts;
    const { epoch, seq } = picture;
    sender.send(client, { v: 1, type: 'ack', event: 'auth.ok', epoch: client.told ?? '', seq });
    const replay = since?.epoch === client.told ? ring.since(epoch, since.seq, { epoch, seq }) : null;
    if (replay && since) {
      for (const published of replay) this.#sendOne(client, published);
      client.through = replay.at(-1)?.event.seq ?? since.seq;
      counters.count('hub_pictures_total', { how: 'resumed' });
    } else {
      if (since) sender.send(client, { v: 1, type: 'event', event: 'resync', epoch: client.told ?? '', seq });
      this.#sendSnapshot(client, picture);
      counters.count('hub_pictures_total', { how: since ? 'resync' : 'first' });
    }
    this.#flush(client);
  }

  /** Gives a fresh picture to every client whose earlier one does not hold any more, one after the other. */
  #catchUp(picture: GuildPicture): void {
    const access = this.#access;
    if (!access) return;
    const changed = this.#settled().filter((client) => {
      if (this.#keyOf(access, client) !== client.told) return true;
      client.sight = client.viewer && access.of(client.viewer);
      return false;
    });
    // At once for all: what comes from now on waits for the picture.
    for (const client of changed) client.pending = [];
    void this.#renew(changed, picture);
  }

  async #renew(clients: readonly Client[], picture: GuildPicture): Promise<void> {
    const { sender, counters } = this.#parts;
    for (const client of clients) {
      try {
        const prepared = await this.#prepare(client, picture);
        if (!prepared) continue;
        const { seq } = prepared;
        sender.send(client, { v: 1, type: 'event', event: 'resync', epoch: client.told ?? '', seq });
        this.#sendSnapshot(client, prepared);
        counters.count('hub_pictures_total', { how: 'access' });
        this.#flush(client);
      } catch (error) {
        console.warn('hub: a picture could not be had', error);
        sender.close(client, hubCloseCodes.tryLater, 'picture_unavailable');
      }
    }
  }

  /** Waits for room, gets a picture that fits the facts, and looks with the viewer's eyes; `null` when the client is gone. */
  async #prepare(client: Client, picture?: GuildPicture): Promise<GuildPicture | null> {
    let newest = picture ?? (await this.#get());
    for (;;) {
      await this.#parts.sender.room();
      const access = this.#access;
      if (client.stage !== 'ready' || !client.pending || !access) return null;
      if (newest.epoch === this.#epoch && newest.access.version >= access.facts.version) {
        this.#see(access, client);
        return newest;
      }
      newest = await this.#get();
    }
  }

  /** A picture no older than the facts that are known already; it becomes what is known. */
  async #get(): Promise<GuildPicture> {
    for (;;) {
      const picture = await this.#fresh.get();
      const { epoch, seq, shards, access } = picture;
      if (this.knows(epoch, access.version + 1)) continue;
      const news = !this.knows(epoch, access.version);
      this.seq = epoch === this.#epoch ? Math.max(this.seq, seq) : seq;
      this.#epoch = epoch;
      this.shards = shards;
      if (news) {
        this.#access = new Access(access);
        // Whoever asked: the others are filtered by these facts from now on, so they get their picture too.
        this.#catchUp(picture);
      }
      return picture;
    }
  }

  /** Clients that have their picture; the others are about to get one. */
  #settled(): Client[] {
    return this.#parts.clients.ready().filter(({ pending }) => pending === null);
  }

  #keyOf(access: Access, { viewer }: Client): string | null {
    return viewer && `${this.#epoch}.${access.of(viewer).key}`;
  }

  #see(access: Access, client: Client): void {
    if (!client.viewer) return;
    client.sight = access.of(client.viewer);
    const told = this.#keyOf(access, client);
    if (told === client.told) return;
    client.told = told;
    this.#parts.clients.keep(client);
  }

  #sendSnapshot(client: Client, picture: GuildPicture): void {
    const { viewer, sight } = client;
    if (!viewer || !sight) return;
    const { seq } = picture;
    const payload = visibleSnapshot(viewer, sight, picture);
    const event = {
      v: 1,
      type: 'event',
      event: 'presence.snapshot',
      id: ulid(),
      seq,
      at: Date.now(),
      payload,
    } as const;
    this.#parts.sender.send(client, event);
    client.through = seq;
  }

  /** What came while the picture was on its way. */
  #flush(client: Client): void {
    const pending = client.pending ?? [];
    client.pending = null;
    for (const published of pending) {
      if (isEphemeral(published.event) || published.event.seq > client.through) this.#sendOne(client, published);
    }
  }

  #sendOne(client: Client, published: Published): void {
    const { viewer, sight } = client;
    const shown = viewer && sight && shownTo(viewer, sight, published);
    if (shown) this.#parts.sender.send(client, shown);
  }
}
