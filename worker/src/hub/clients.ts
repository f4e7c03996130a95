import type { Sight, Viewer } from '../access/sight.ts';
import type { Published } from './items.ts';
import { Rate } from './limits.ts';
import { SendWindow } from './window.ts';

/** Survives hibernation with its socket, 16 KiB at most: 250 roles are 5 KiB. */
interface Attachment {
  guildId: string;
  address: string;
  viewer: Viewer | null;
  told: string | null;
  closeAt: number;
  checkedAt: number;
  checkAt: number;
}

/** One browser. */
export interface Client extends Attachment {
  readonly socket: WebSocket;
  /** `waiting`: for its auth message; `closing`: until the peer has answered our Close. */
  stage: 'waiting' | 'ready' | 'closing';
  /** What the viewer may see; `null` until the facts are there (again, after a sleep). */
  sight: Sight | null;
  /** What can be lost in a sleep, since an object sleeps only when nothing is on its way: */
  window: SendWindow;
  /** Events that came while the client's picture was on its way; `null` once it is up to date. */
  pending: Published[] | null;
  /** The sequence that the client has, by snapshot or replay: what is published late must not take it back. */
  through: number;
  rate: Rate;
  /** The end of what is being done about its messages: they are handled one after the other. */
  turn: Promise<void>;
}

/** The sockets that share a user or an address. */
interface Party {
  readonly rate: Rate;
  readonly clients: Set<Client>;
}

/** All sockets of a hub, by user and by address. The index is in memory, made anew after a sleep from the sockets themselves. */
export class Clients {
  readonly #bySocket = new Map<WebSocket, Client>();
  readonly #byUser = new Map<string, Party>();
  readonly #byAddress = new Map<string, Party>();
  /** Who has not authenticated, oldest first. */
  readonly waiting = new Set<Client>();

  constructor(sockets: readonly WebSocket[]) {
    for (const socket of sockets) {
      const attachment = socket.deserializeAttachment() as Attachment | null;
      if (attachment) this.#take(socket, attachment);
    }
  }

  get size(): number {
    return this.#bySocket.size;
  }

  /** Those who see what comes. */
  get open(): number {
    return [...this.#bySocket.values()].filter(({ stage }) => stage !== 'closing').length;
  }

  all(): Iterable<Client> {
    return this.#bySocket.values();
  }

  ready(): Client[] {
    return [...this.#bySocket.values()].filter(({ stage }) => stage === 'ready');
  }

  get(socket: WebSocket): Client | undefined {
    return this.#bySocket.get(socket);
  }

  ofUser(userId: string): ReadonlySet<Client> {
    return this.#byUser.get(userId)?.clients ?? none;
  }

  ofAddress(address: string): ReadonlySet<Client> {
    return this.#byAddress.get(address)?.clients ?? none;
  }

  /** Takes a new socket, which must authenticate until `closeAt`. */
  add(socket: WebSocket, { guildId, address, closeAt }: Pick<Attachment, 'guildId' | 'address' | 'closeAt'>): Client {
    const rest = { viewer: null, told: null, checkedAt: 0, checkAt: Number.POSITIVE_INFINITY };
    const client = this.#take(socket, { guildId, address, closeAt, ...rest });
    this.keep(client);
    return client;
  }

  /** The client is who its token says. */
  identify(client: Client, viewer: Viewer): void {
    this.waiting.delete(client);
    if (client.viewer === null) join(this.#byUser, viewer.userId, client);
    client.viewer = viewer;
    client.stage = 'ready';
  }

  /** Our Close is on its way; the socket is counted until the peer has answered. */
  closing(client: Client): void {
    this.waiting.delete(client);
    client.stage = 'closing';
    client.pending = null;
  }

  remove(socket: WebSocket): Client | undefined {
    const client = this.#bySocket.get(socket);
    if (!client) return undefined;
    this.#bySocket.delete(socket);
    this.waiting.delete(client);
    part(this.#byAddress, client.address, client);
    if (client.viewer) part(this.#byUser, client.viewer.userId, client);
    return client;
  }

  /** Counts a message; `false` when its socket, its user or its address sends too many. */
  mayTalk(client: Client, limits: { socket: number; user: number; address: number }, now: number): boolean {
    const user = client.viewer ? this.#byUser.get(client.viewer.userId) : undefined;
    const address = client.address === '' ? undefined : this.#byAddress.get(client.address);
    // Each is counted, whatever the others say.
    const allowed = [
      client.rate.allows(limits.socket, now),
      user?.rate.allows(limits.user, now) ?? true,
      address?.rate.allows(limits.address, now) ?? true,
    ];
    return allowed.every((each) => each);
  }

  /** Writes down what must survive a sleep. */
  keep({ socket, guildId, address, viewer, told, closeAt, checkedAt, checkAt }: Client): void {
    const kept: Attachment = { guildId, address, viewer, told, closeAt, checkedAt, checkAt };
    socket.serializeAttachment(kept);
  }

  #take(socket: WebSocket, attachment: Attachment): Client {
    const open = socket.readyState === WebSocket.OPEN;
    const client: Client = {
      ...attachment,
      socket,
      stage: open ? (attachment.viewer ? 'ready' : 'waiting') : 'closing',
      sight: null,
      window: new SendWindow(),
      pending: null,
      through: 0,
      rate: new Rate(),
      turn: Promise.resolve(),
    };
    this.#bySocket.set(socket, client);
    if (client.stage === 'waiting') this.waiting.add(client);
    join(this.#byAddress, client.address, client);
    if (client.viewer) join(this.#byUser, client.viewer.userId, client);
    return client;
  }
}

const none: ReadonlySet<Client> = new Set();

function join(index: Map<string, Party>, key: string, client: Client): void {
  const party = index.get(key) ?? { rate: new Rate(), clients: new Set() };
  party.clients.add(client);
  index.set(key, party);
}

function part(index: Map<string, Party>, key: string, client: Client): void {
  const party = index.get(key);
  party?.clients.delete(client);
  if (party?.clients.size === 0) index.delete(key);
}
