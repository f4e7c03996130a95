/** The Worker in workerd, and stand-ins for everything that calls it: Discord, voice nodes, browsers. */
import { generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { NodeMessage, WorkerMessage } from '@patchbay/shared/control-messages';
import type { NodeEventDraft } from '@patchbay/shared/events';
import type { ServerMessage } from '@patchbay/shared/hub-protocol';
import { permissionBits } from '@patchbay/shared/permissions';
import { sign } from '@patchbay/shared/signing';
import { ulid } from 'ulid';
import { createTestHarness } from 'wrangler';
import { WebSocket } from 'ws';
import type { Env } from '../src/env.ts';
import { TestDiscord } from './test-discord.ts';

export const HUB_SECRET = 'test-hub-secret-0123456789abcdef-0123';
export const JWT_SECRET = 'test-jwt-secret-0123456789abcdef-0123';
const root = fileURLToPath(import.meta.resolve('../..'));

process.env.CLOUDFLARE_CF_FETCH_ENABLED = 'false';
process.env.WRANGLER_HIDE_BANNER = 'true';
process.env.WRANGLER_SEND_METRICS = 'false';

/** Waits for messages of a socket that match, in order of arrival. */
export class Inbox<M> {
  readonly all: M[] = [];
  readonly #waiting: { match: (message: M) => boolean; resolve: (message: M) => void }[] = [];

  push(message: M): void {
    this.all.push(message);
    const index = this.#waiting.findIndex((each) => each.match(message));
    if (index >= 0) this.#waiting.splice(index, 1)[0]?.resolve(message);
  }

  /** The first message after position `from` that matches; those that came already count. */
  next(match: (message: M) => boolean, from = 0): Promise<M> {
    const known = this.all.slice(from).find(match);
    if (known) return Promise.resolve(known);
    return new Promise((resolve) => this.#waiting.push({ match, resolve }));
  }
}

export async function startWorld(variables: Record<string, string> = {}) {
  // The assets folder is made by the web build; the Worker's tests need none of its pages.
  mkdirSync(`${root}/web/dist`, { recursive: true });
  const keys = generateKeyPairSync('ed25519');
  const publicKey = keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  const discord = await TestDiscord.start();
  const harness = createTestHarness({
    workers: [
      {
        configPath: `${root}/wrangler.toml`,
        secrets: {
          DISCORD_APPLICATION_ID: '900',
          DISCORD_PUBLIC_KEY: publicKey,
          DISCORD_API_URL: discord.url,
          DISCORD_TOKEN: 'token-of-the-tests',
          HUB_SECRET,
          JWT_SECRET,
          END_GRACE_MS: '50',
          METRICS_FLUSH_MS: '20',
          METRICS_TOKEN: 'metrics-token-of-the-tests',
          ...variables,
        },
      },
    ],
  });
  const { url } = await harness.listen();
  const worker = harness.getWorker<Env>();
  await worker.applyD1Migrations('DB');
  const env = await worker.getEnv();
  return new World(harness, { url, env, discord, discordKey: keys.privateKey });
}

export class World {
  readonly harness: ReturnType<typeof createTestHarness>;
  readonly url: URL;
  readonly env: Env;
  /** Who is a member of which guild, with which roles. */
  readonly discord: TestDiscord;
  readonly #discordKey: KeyObject;
  readonly #sockets: WebSocket[] = [];
  #interactions = 1000;

  constructor(
    harness: ReturnType<typeof createTestHarness>,
    parts: { url: URL; env: Env; discord: TestDiscord; discordKey: KeyObject },
  ) {
    this.harness = harness;
    this.url = parts.url;
    this.env = parts.env;
    this.discord = parts.discord;
    this.#discordKey = parts.discordKey;
  }

  /** What `/metrics` says. */
  async metrics(): Promise<string> {
    const headers = { authorization: 'Bearer metrics-token-of-the-tests' };
    return (await this.fetch('/metrics', { headers })).text();
  }

  /** A request over the real socket of the server. */
  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(new URL(path, this.url), init);
  }

  async signedPost(path: string, nodeId: string, payload: unknown, secret = HUB_SECRET): Promise<Response> {
    const body = JSON.stringify(payload);
    const headers = await sign(secret, { method: 'POST', path, nodeId, body });
    return this.fetch(path, { method: 'POST', headers, body });
  }

  /** A slash command, signed like Discord does. */
  interaction(
    command: Record<string, unknown>,
    options: { id?: string; timestamp?: number; spoil?: boolean } = {},
  ): Promise<Response> {
    this.#interactions += 1;
    const body = JSON.stringify({ id: options.id ?? String(this.#interactions), token: 'token', ...command });
    const timestamp = String(options.timestamp ?? Math.floor(Date.now() / 1000));
    const signature = signBytes(null, Buffer.from(timestamp + (options.spoil ? `${body} ` : body)), this.#discordKey);
    const headers = { 'x-signature-ed25519': signature.toString('hex'), 'x-signature-timestamp': timestamp };
    return this.fetch('/interactions', { method: 'POST', headers, body });
  }

  /** `/call join` and the like; answers what the caller reads. */
  async command(guildId: string, userId: string, name: string, permissions = '0'): Promise<string> {
    const [command, sub] = name.split(' ');
    const response = await this.interaction({
      type: 2,
      guild_id: guildId,
      member: { permissions, user: { id: userId } },
      data: { name: command, options: sub ? [{ type: 1, name: sub }] : [] },
    });
    return ((await response.json()) as { data: { content: string } }).data.content;
  }

  /** A `/setup` by somebody who may, about one voice channel. */
  async setupCommand(guildId: string, channelId: string, sub: string, options: unknown[]): Promise<string> {
    const response = await this.interaction({
      type: 2,
      guild_id: guildId,
      member: { permissions: String(1 << 5), user: { id: '1' } },
      data: {
        name: 'setup',
        options: [{ type: 1, name: sub, options: [{ type: 7, name: 'channel', value: channelId }, ...options] }],
        resolved: { channels: { [channelId]: { name: `voice ${channelId}`, type: 2 } } },
      },
    });
    return ((await response.json()) as { data: { content: string } }).data.content;
  }

  /** What a channel does after a call, then `/setup channel`: it is queued when people join. */
  async setup(guildId: string, channelId: string, after = 'requeue', record = true): Promise<string> {
    await this.setupCommand(guildId, channelId, 'after-end', [{ type: 3, name: 'policy', value: after }]);
    return this.setupCommand(guildId, channelId, 'channel', [{ type: 5, name: 'record', value: record }]);
  }

  open(path: string, headers: Record<string, string> = {}): WebSocket {
    const socket = new WebSocket(`ws://${this.url.host}${path}`, { headers });
    this.#sockets.push(socket);
    return socket;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate();
    await this.harness.close();
    await this.discord.close();
  }
}

/** A voice node: its control socket and its outbox. */
export class TestNode {
  readonly inbox = new Inbox<WorkerMessage>();
  readonly world: World;
  readonly nodeId: string;
  bootId = ulid();
  stream = ulid();
  socket: WebSocket | null = null;
  #pings: NodeJS.Timeout | undefined;
  readonly #seqs = new Map<string, number>();

  constructor(world: World, nodeId: string) {
    this.world = world;
    this.nodeId = nodeId;
  }

  async connect(
    identities: { identityId: string; guildIds: string[] }[],
    more: Partial<Extract<NodeMessage, { type: 'hello' }>> = {},
  ): Promise<void> {
    const path = `/api/internal/nodes/${this.nodeId}/socket`;
    const headers = await sign(HUB_SECRET, { method: 'GET', path, nodeId: this.nodeId, body: '' });
    const socket = this.world.open(path, headers);
    this.socket = socket;
    socket.on('message', (data) => {
      const text = String(data);
      if (text !== 'pong') this.inbox.push(JSON.parse(text) as WorkerMessage);
    });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    this.#pings = setInterval(() => socket.send('ping'), 1000);
    socket.once('close', () => clearInterval(this.#pings));
    const from = this.inbox.all.length;
    const { nodeId, bootId } = this;
    this.send({ v: 1, type: 'hello', nodeId, bootId, identities, sessions: [], tombstones: [], capacity: 8, ...more });
    await this.inbox.next((message) => message.type === 'welcome', from);
  }

  send(message: NodeMessage): void {
    this.socket?.send(JSON.stringify(message));
  }

  /** Gives events their place in the outbox. */
  seal(drafts: NodeEventDraft[]) {
    return drafts.map((draft) => {
      const seq = (this.#seqs.get(draft.guildId) ?? 0) + 1;
      this.#seqs.set(draft.guildId, seq);
      return { at: Date.now(), ...draft, id: ulid(), nodeId: this.nodeId, seq };
    });
  }

  post(events: unknown[], secret?: string): Promise<Response> {
    return this.world.signedPost('/api/internal/events', this.nodeId, { stream: this.stream, events }, secret);
  }

  /** Reports events and expects them to be taken. */
  async report(...drafts: NodeEventDraft[]): Promise<void> {
    const response = await this.post(this.seal(drafts));
    if (response.status !== 200)
      throw new Error(`events were answered with ${response.status}: ${await response.text()}`);
    const { accepted } = (await response.json()) as { accepted: Record<string, number> };
    for (const { guildId } of drafts) {
      if (accepted[guildId] !== this.#seqs.get(guildId)) throw new Error(`events of ${guildId} were not taken`);
    }
  }
}

export const person = (userId: string, channelId: string, bot = false) => ({
  userId,
  channelId,
  bot,
  displayName: `person ${userId}`,
  selfMute: false,
  selfDeaf: false,
});

export const snapshot = (
  guildId: string,
  identityId: string,
  channelId: string,
  members: ReturnType<typeof person>[] = [],
): NodeEventDraft => ({
  type: 'voice.snapshot',
  guildId,
  guildName: `Guild ${guildId}`,
  identityId,
  channels: [{ channelId, name: `voice ${channelId}`, overwrites: [] }],
  members,
  access: {
    ownerId: '9',
    roles: [{ roleId: guildId, permissions: String(permissionBits.ViewChannel) }],
    membersReported: false,
  },
});

export const left = (guildId: string, channelId: string, userId: string): NodeEventDraft => ({
  type: 'voice.left',
  guildId,
  userId,
  previousChannelId: channelId,
  bot: false,
  cause: { kind: 'unknown', certainty: 0 },
});

/** A browser on the hub of one guild. */
export class TestBrowser {
  readonly inbox = new Inbox<ServerMessage>();
  readonly socket: WebSocket;
  readonly closed: Promise<number>;

  constructor(world: World, guildId: string, headers: Record<string, string> = {}) {
    this.socket = world.open(`/api/ws?guild=${guildId}`, headers);
    this.socket.on('message', (data) => this.inbox.push(JSON.parse(String(data)) as ServerMessage));
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
  }

  async auth(token: string, since?: { epoch: string; seq: number }): Promise<void> {
    if (this.socket.readyState !== WebSocket.OPEN) await new Promise((resolve) => this.socket.once('open', resolve));
    this.socket.send(JSON.stringify({ v: 1, type: 'auth', token, ...(since ? { since } : {}) }));
  }

  /** The first event of this name that matches. */
  event<N extends string>(name: N, match: (payload: Record<string, unknown>) => boolean = () => true) {
    return this.inbox.next(
      (message) =>
        message.type === 'event' &&
        message.event === name &&
        match(('payload' in message ? message.payload : {}) as unknown as Record<string, unknown>),
    );
  }
}
