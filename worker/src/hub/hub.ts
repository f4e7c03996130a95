import { DurableObject } from 'cloudflare:workers';
import type { EphemeralOf } from '@patchbay/shared/control-messages';
import { errorBody } from '@patchbay/shared/errors';
import {
  AUTH_DEADLINE_MS,
  type ClientMessage,
  clientMessageSchema,
  type HubEvents,
  hubCloseCodes,
} from '@patchbay/shared/hub-protocol';
import { ulid } from 'ulid';
import { type Env, guildOf, hubOf, metricsOf, settingsOf } from '../env.ts';
import { reciprocate } from '../sockets/reciprocate.ts';
import { type Client, Clients } from './clients.ts';
import { HubCounters } from './counters.ts';
import { Door } from './door.ts';
import { fanOut } from './fan-out.ts';
import { type PublishAnswer, type PublishBatch, type Published, SHARD_HEADER } from './items.ts';
import { addressOf, MAX_MESSAGE_LENGTH, MESSAGES } from './limits.ts';
import { Pictures } from './pictures.ts';
import { Ring } from './ring.ts';
import { Sender } from './sender.ts';

type EphemeralName = 'voice.speaking' | 'session.stats' | 'recording.progress' | 'caption.partial';
type EphemeralNews = { [N in EphemeralName]: { event: N; payload: HubEvents[N] } }[EphemeralName];

/**
 * The browser sockets of one guild, or of a shard of them. Nothing is stored on the way of an event: sends would wait for the
 * disk. What is in memory is lost in a sleep, and made anew from the sockets and the guild.
 */
export class Hub extends DurableObject<Env> {
  readonly #clients: Clients;
  readonly #counters: HubCounters;
  readonly #sender: Sender;
  readonly #ring = new Ring();
  readonly #pictures: Pictures;
  readonly #door: Door;
  readonly #instance = ulid();
  #reports = 0;
  #reporting = false;
  #guildId = '';
  /** Sockets that wait for the guild to know of this shard. */
  #opening = 0;
  #armedAt = Number.POSITIVE_INFINITY;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
    this.#clients = new Clients(ctx.getWebSockets());
    const [first] = this.#clients.all();
    this.#guildId = first?.guildId ?? '';
    const counters = new HubCounters(() => this.#reportSoon());
    this.#counters = counters;
    this.#sender = new Sender(this.#clients, counters);
    const parts = { clients: this.#clients, sender: this.#sender, counters, ring: this.#ring };
    this.#pictures = new Pictures(parts, () => guildOf(env, this.#guildId).snapshot());
    this.#door = new Door(env, { ...parts, pictures: this.#pictures });
  }

  /** The upgrade of `GET /api/ws`; the app has seen that the guild exists. 503 `hub_full`: the next shard may have room. */
  override async fetch(request: Request): Promise<Response> {
    const { HUB_SHARD_SOCKETS, HUB_ADDRESS_SOCKETS, HUB_ADDRESS_WAITING, HUB_WAITING } = settingsOf(this.env);
    const address = addressOf(request.headers.get('cf-connecting-ip'));
    const shard = Number(request.headers.get(SHARD_HEADER) ?? 0);
    this.#guildId = new URL(request.url).searchParams.get('guild') ?? '';
    if (address !== '') {
      const all = this.#clients.ofAddress(address);
      const waiting = [...all].filter(({ viewer }) => viewer === null).length;
      if (all.size >= HUB_ADDRESS_SOCKETS || waiting >= HUB_ADDRESS_WAITING) {
        return this.#turnAway(429, 'too_many_connections', 'Too many connections from your address.');
      }
    }
    if (this.#clients.size + this.#opening >= HUB_SHARD_SOCKETS) {
      return this.#turnAway(503, 'hub_full', 'Too many viewers; try again later.');
    }
    if (shard > 0) await this.#openShard(shard);
    const [oldest] = this.#clients.waiting;
    // Whoever means it authenticates in a moment; a crowd that does not must not keep the others out.
    if (oldest && this.#clients.waiting.size >= HUB_WAITING) this.#expire(oldest);
    const { 0: browser, 1: socket } = new WebSocketPair();
    this.ctx.acceptWebSocket(socket);
    this.#clients.add(socket, { guildId: this.#guildId, address, closeAt: Date.now() + AUTH_DEADLINE_MS });
    this.#counters.count('hub_opened_total');
    await this.#arm();
    return new Response(null, { status: 101, webSocket: browser });
  }

  /** Takes what the guild tells, in order; what comes twice counts once. */
  async publish({ guildId, shard, epoch, access, shards, items }: PublishBatch): Promise<PublishAnswer> {
    this.#guildId = guildId;
    this.#pictures.shards = shards;
    const isWatched = () => this.#clients.size > 0;
    if (isWatched() && !this.#pictures.knows(epoch, access)) await this.#pictures.learn();
    for (const item of items) {
      if (item.kind === 'viewer') {
        this.#door.setRoles(item.userId, item.roles);
        await this.#pictures.review();
      }
      if (item.kind !== 'hub') continue;
      const { event, audience } = item;
      const published: Published = { event, ...(audience ? { audience } : {}) };
      if (!this.#ring.add(epoch, published)) continue;
      this.#pictures.seq = event.seq;
      fanOut({ clients: this.#clients, sender: this.#sender, counters: this.#counters }, published);
      await this.#sender.room();
      if (shard === 0) this.#countEvent(published);
    }
    return { sockets: this.#clients.size + this.#opening };
  }

  /** Who speaks now: newest wins, never replayed. */
  async publishSpeaking(message: EphemeralOf<'voice.speaking'>): Promise<void> {
    const { guildId, channelId, userId, speaking } = message;
    await this.publishEphemeral({ event: 'voice.speaking', payload: { guildId, channelId, userId, speaking } });
  }

  /** What somebody says, as understood so far: newest wins, never replayed. */
  async publishPartial(message: EphemeralOf<'caption.partial'>): Promise<void> {
    const { v: _v, type: _type, event, ...payload } = message;
    await this.publishEphemeral({ event, payload });
  }

  /** What is live in a call: newest wins, never replayed. */
  async publishStats(payload: HubEvents['session.stats']): Promise<void> {
    await this.publishEphemeral({ event: 'session.stats', payload });
  }

  /** Something that is not replayed; `audience`: as of {@link Published}. The first shard tells the others. */
  async publishEphemeral(news: EphemeralNews, audience?: string[], shard = 0): Promise<void> {
    const { guildId } = news.payload;
    if (shard === 0 && this.#pictures.shards > 1) {
      const others = Array.from({ length: this.#pictures.shards - 1 }, (_, index) => index + 1);
      await Promise.all(others.map((other) => hubOf(this.env, guildId, other).publishEphemeral(news, audience, other)));
    }
    // Dropped when it would be late.
    if (this.#clients.size === 0 || this.#sender.isCrowded) return;
    this.#guildId = guildId;
    if (!this.#pictures.known) await this.#pictures.learn();
    const event = { v: 1, type: 'event', id: ulid(), seq: this.#pictures.seq, at: Date.now(), ...news } as const;
    const published: Published = { event, ...(audience ? { audience } : {}) };
    fanOut({ clients: this.#clients, sender: this.#sender, counters: this.#counters }, published);
  }

  override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const client = this.#clients.get(socket);
    if (!client || client.stage === 'closing') return;
    if (!this.#clients.mayTalk(client, MESSAGES, Date.now())) {
      this.#sender.refuse(client, hubCloseCodes.tooFast, 'too_fast', 'Too many messages; connect again later.');
      return;
    }
    const message = parse(data);
    if (!message) {
      this.#tell(client, 'message_malformed', 'Send JSON of the hub protocol v1, at most 8 KiB.');
    } else if (message.type === 'auth') {
      const turn = client.turn.then(() => (client.stage === 'closing' ? undefined : this.#door.admit(client, message)));
      // A failure is this message's, not the next one's.
      client.turn = turn.catch(() => undefined);
      await turn;
      await this.#arm();
    } else if (!this.#sender.acknowledge(client, message.n)) {
      this.#tell(client, 'ack_unknown', 'No such probe is open. Answer each probe once, with its own number.');
    }
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    const client = this.#clients.remove(socket);
    reciprocate(socket, code);
    if (!client || client.stage === 'closing') return;
    this.#sender.forget(client);
    this.#counters.count('hub_closed_total', { code });
  }

  override webSocketError(socket: WebSocket, error: unknown): void {
    const client = this.#clients.remove(socket);
    // That a connection breaks which is being closed anyway is no fault of anybody.
    if (!client || client.stage === 'closing') return;
    this.#sender.forget(client);
    this.#counters.count('hub_closed_total', { code: 1006 });
    console.warn('hub: a socket broke', error);
  }

  override async alarm(): Promise<void> {
    this.#armedAt = Number.POSITIVE_INFINITY;
    const now = Date.now();
    for (const client of [...this.#clients.all()]) {
      if (client.stage === 'closing' || client.closeAt > now) continue;
      if (client.viewer) {
        this.#sender.refuse(client, hubCloseCodes.tokenRefused, 'token_expired', 'The token has expired.');
      } else this.#expire(client);
    }
    await this.#door.check(now);
    this.#reportSoon();
    await this.#arm();
  }

  #turnAway(status: number, code: string, message: string): Response {
    this.#counters.count('hub_refused_total', { code });
    return Response.json(errorBody(code, message), { status });
  }

  #tell(client: Client, code: string, message: string): void {
    this.#counters.count('hub_refused_total', { code });
    this.#sender.send(client, { v: 1, type: 'error', code, message });
  }

  #expire(client: Client): void {
    const message = 'Send an auth message within five seconds.';
    this.#sender.refuse(client, hubCloseCodes.noAuth, 'no_auth', message);
  }

  /** The guild must tell this shard what happens before anybody waits for it here. */
  async #openShard(shard: number): Promise<void> {
    if (this.#clients.size > 0) return;
    this.#opening += 1;
    try {
      await guildOf(this.env, this.#guildId).openShard(shard);
    } finally {
      this.#opening -= 1;
    }
  }

  #countEvent({ event }: Published): void {
    if (event.event === 'voice.left') this.#counters.count('voice_left_total', { cause: event.payload.cause.kind });
    if (event.event === 'voice.cause') this.#counters.count('voice_cause_total', { cause: event.payload.cause.kind });
    this.#counters.delay(Date.now() - event.at);
  }

  /** Arms the alarm for whoever is due first, unless it is armed for earlier: it then looks again. */
  async #arm(): Promise<void> {
    let first = Number.POSITIVE_INFINITY;
    for (const { stage, closeAt, checkAt } of this.#clients.all()) {
      if (stage !== 'closing') first = Math.min(first, closeAt, checkAt);
    }
    if (first >= this.#armedAt) return;
    this.#armedAt = first;
    await this.ctx.storage.setAlarm(first);
  }

  /** A timer, not an alarm: an object that has something to tell is awake. What it counted when it is killed is lost. */
  #reportSoon(): void {
    if (this.#reporting) return;
    this.#reporting = true;
    setTimeout(() => void this.#report(), settingsOf(this.env).METRICS_FLUSH_MS);
  }

  async #report(): Promise<void> {
    this.#reporting = false;
    this.#reports += 1;
    const source = this.ctx.id.toString();
    const counts = this.#counters.take();
    const report = { source, instance: this.#instance, n: this.#reports, counts, open: this.#clients.open };
    try {
      await metricsOf(this.env).add(report);
    } catch (error) {
      console.warn('hub: its counters could not be told', error);
    }
  }
}

function parse(data: string | ArrayBuffer): ClientMessage | null {
  if (typeof data !== 'string' || data.length > MAX_MESSAGE_LENGTH) return null;
  try {
    const message: unknown = JSON.parse(data);
    return isAck(message) ? message : (clientMessageSchema.safeParse(message).data ?? null);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Answers to probes are most of what comes in; a schema would cost more than what is done about them. */
function isAck(message: unknown): message is Extract<ClientMessage, { type: 'ack' }> {
  if (typeof message !== 'object' || message === null) return false;
  const { v, type, n } = message as { v?: unknown; type?: unknown; n?: unknown };
  return v === 1 && type === 'ack' && Number.isSafeInteger(n);
}
