import { DurableObject } from 'cloudflare:workers';
import type { EphemeralOf } from '@patchbay/shared/control-messages';
import { PatchbayError } from '@patchbay/shared/errors';
import {
  AUTH_DEADLINE_MS,
  type ClientMessage,
  clientMessageSchema,
  type HubEvents,
  hubCloseCodes,
  type ServerMessage,
} from '@patchbay/shared/hub-protocol';
import { ulid } from 'ulid';
import { verifyToken } from '../auth/token.ts';
import { type Env, guildOf, settingsOf } from '../env.ts';
import { reciprocate } from '../sockets/reciprocate.ts';
import { Ring } from './ring.ts';
import { type AnyHubEvent, mayReceive, type Viewer, visibleSnapshot } from './visibility.ts';
import { SendWindow } from './window.ts';

/** Survives hibernation with its socket: who looks, and when the socket must close. */
interface Attachment {
  guildId: string;
  viewer: Viewer | null;
  closeAt: number;
}
/** Lives while the object does; a sleeping object has nothing on its way. */
interface Live {
  window: SendWindow;
  /** Events that came while the snapshot was fetched; `null` once the client is up to date. */
  pending: AnyHubEvent[] | null;
  /** The sequence that the client has, by snapshot or replay: what is published late must not take it back. */
  through: number;
  /** When the client's recent messages came in. */
  recent: number[];
}

/** Sockets that one hub holds; beyond it new ones are refused. */
const MAX_SOCKETS = 5_000;
/** More messages than this within ten seconds close the socket with 4029. */
const MAX_MESSAGES = 60;
const MESSAGE_WINDOW_MS = 10_000;
const MAX_MESSAGE_LENGTH = 8 * 1024;
const encoder = new TextEncoder();
type EphemeralName = 'voice.speaking' | 'session.stats';

/** The browser sockets of one guild. Nothing is stored on the way of an event: sends would wait for the disk. */
export class Hub extends DurableObject<Env> {
  readonly #ring = new Ring();
  readonly #live = new WeakMap<WebSocket, Live>();
  #seq = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
  }

  /** The upgrade of `GET /api/ws`; the app has seen that the guild exists. */
  override async fetch(request: Request): Promise<Response> {
    if (this.ctx.getWebSockets().length >= MAX_SOCKETS) {
      return Response.json(
        { error: { code: 'hub_full', message: 'Too many viewers; try again later.' } },
        { status: 503 },
      );
    }
    const guildId = new URL(request.url).searchParams.get('guild') ?? '';
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    this.#attach(server, { guildId, viewer: null, closeAt: Date.now() + AUTH_DEADLINE_MS });
    await this.#arm();
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Durable events, in order. */
  publish(epoch: string, events: AnyHubEvent[]): void {
    for (const event of events) {
      if (!this.#ring.add(epoch, event)) continue;
      this.#seq = event.seq;
      this.#broadcast(event);
    }
  }

  /** Who speaks now: newest wins, never replayed. */
  async publishSpeaking(message: EphemeralOf<'voice.speaking'>): Promise<void> {
    const { guildId, channelId, userId, speaking } = message;
    await this.#ephemeral('voice.speaking', { guildId, channelId, userId, speaking });
  }

  /** What is live in a call: newest wins, never replayed. */
  async publishStats(payload: HubEvents['session.stats']): Promise<void> {
    await this.#ephemeral('session.stats', payload);
  }

  override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const live = this.#liveOf(socket);
    const now = Date.now();
    live.recent = [...live.recent.filter((at) => at > now - MESSAGE_WINDOW_MS), now];
    if (live.recent.length > MAX_MESSAGES) {
      this.#refuse(socket, hubCloseCodes.tooFast, 'too_fast', 'Too many messages; connect again later.');
      return;
    }
    const message = parse(data);
    if (!message) {
      this.#send(socket, {
        v: 1,
        type: 'error',
        code: 'message_malformed',
        message: 'Send JSON of the hub protocol v1.',
      });
      return;
    }
    if (message.type === 'ack') {
      live.window.acknowledge(message.n);
      return;
    }
    await this.#authenticate(socket, message);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    reciprocate(socket, code);
  }

  override webSocketError(_socket: WebSocket, error: unknown): void {
    console.warn('hub: a socket broke', error);
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    for (const socket of this.ctx.getWebSockets()) {
      const attachment = attachmentOf(socket);
      if (!attachment || attachment.closeAt > now) continue;
      if (attachment.viewer)
        this.#refuse(socket, hubCloseCodes.tokenRefused, 'token_expired', 'The token has expired.');
      else this.#refuse(socket, hubCloseCodes.noAuth, 'no_auth', 'Send an auth message within five seconds.');
    }
    await this.#arm();
  }

  async #ephemeral<N extends EphemeralName>(event: N, payload: HubEvents[N]): Promise<void> {
    if (this.ctx.getWebSockets().length === 0) return;
    // After a sleep the sequence is not known here.
    if (this.#seq === 0) this.#seq = (await guildOf(this.env, payload.guildId).head()).seq;
    const { id, at } = { id: ulid(), at: Date.now() };
    this.#broadcast({ v: 1, type: 'event', event, id, seq: this.#seq, at, payload } as AnyHubEvent);
  }

  async #authenticate(socket: WebSocket, message: Extract<ClientMessage, { type: 'auth' }>): Promise<void> {
    const attachment = attachmentOf(socket);
    if (!attachment) return;
    let claims: Awaited<ReturnType<typeof verifyToken>>;
    try {
      claims = await verifyToken(settingsOf(this.env), message.token);
    } catch (error) {
      if (!(error instanceof PatchbayError)) throw error;
      this.#refuse(socket, hubCloseCodes.tokenRefused, error.code, error.message);
      return;
    }
    const { guildId } = attachment;
    if (!claims.guilds.includes(guildId)) {
      this.#refuse(socket, hubCloseCodes.notYourGuild, 'not_your_guild', 'The token does not speak for this server.');
      return;
    }
    const viewer: Viewer = { userId: claims.sub, scope: claims.scope };
    // Events that arrive while the snapshot is on its way wait, so that nothing is missed and nothing comes before it.
    const live = this.#liveOf(socket);
    live.pending = [];
    this.#attach(socket, { guildId, viewer, closeAt: claims.exp * 1000 });
    await this.#arm();
    const { epoch, seq, snapshot } = await guildOf(this.env, guildId).snapshot();
    const replay = message.since ? this.#ring.since(message.since.epoch, message.since.seq, { epoch, seq }) : null;
    this.#seq = Math.max(this.#seq, seq);
    this.#send(socket, { v: 1, type: 'ack', event: 'auth.ok', epoch, seq });
    if (replay) {
      for (const event of replay) if (mayReceive(viewer, event)) this.#send(socket, event);
      live.through = replay.at(-1)?.seq ?? message.since?.seq ?? seq;
    } else {
      if (message.since) this.#send(socket, { v: 1, type: 'event', event: 'resync', epoch, seq });
      const payload = visibleSnapshot(viewer, snapshot);
      this.#send(socket, { v: 1, type: 'event', event: 'presence.snapshot', id: ulid(), seq, at: Date.now(), payload });
      live.through = seq;
    }
    const pending = live.pending ?? [];
    live.pending = null;
    for (const event of pending) {
      if (isNew(live, event)) this.#send(socket, event);
    }
  }

  #broadcast(event: AnyHubEvent): void {
    const frame = JSON.stringify(event);
    const bytes = encoder.encode(frame).length;
    const now = Date.now();
    for (const socket of this.ctx.getWebSockets()) {
      const attachment = attachmentOf(socket);
      if (!attachment?.viewer || attachment.closeAt <= now || !mayReceive(attachment.viewer, event)) continue;
      const live = this.#liveOf(socket);
      if (live.pending) live.pending.push(event);
      else if (isNew(live, event)) this.#sendFrame(socket, frame, bytes);
    }
  }

  #send(socket: WebSocket, message: ServerMessage): void {
    const frame = JSON.stringify(message);
    this.#sendFrame(socket, frame, encoder.encode(frame).length);
  }

  #sendFrame(socket: WebSocket, frame: string, bytes: number): void {
    // A closing socket stays in the list until the peer answers.
    if (socket.readyState !== WebSocket.OPEN) return;
    const { window } = this.#liveOf(socket);
    if (!window.take(bytes)) {
      socket.close(hubCloseCodes.tooFarBehind, 'too far behind');
      return;
    }
    socket.send(frame);
    const n = window.probe();
    if (n !== null) socket.send(JSON.stringify({ v: 1, type: 'probe', n } satisfies ServerMessage));
  }

  #refuse(socket: WebSocket, closeCode: number, code: string, message: string): void {
    this.#send(socket, { v: 1, type: 'error', code, message });
    if (socket.readyState === WebSocket.OPEN) socket.close(closeCode, code);
  }

  #liveOf(socket: WebSocket): Live {
    let live = this.#live.get(socket);
    if (!live) {
      live = { window: new SendWindow(), pending: null, through: 0, recent: [] };
      this.#live.set(socket, live);
    }
    return live;
  }

  #attach(socket: WebSocket, attachment: Attachment): void {
    socket.serializeAttachment(attachment);
  }

  async #arm(): Promise<void> {
    const times = this.ctx
      .getWebSockets()
      .filter((socket) => socket.readyState === WebSocket.OPEN)
      .flatMap((socket) => attachmentOf(socket)?.closeAt ?? []);
    if (times.length > 0) await this.ctx.storage.setAlarm(Math.min(...times));
  }
}

/** Ephemeral events carry the sequence of the last durable one and are never old. */
function isNew(live: Live, event: AnyHubEvent): boolean {
  return event.event === 'voice.speaking' || event.event === 'session.stats' || event.seq > live.through;
}

function attachmentOf(socket: WebSocket): Attachment | null {
  return socket.deserializeAttachment() as Attachment | null;
}

function parse(data: string | ArrayBuffer): ClientMessage | null {
  if (typeof data !== 'string' || data.length > MAX_MESSAGE_LENGTH) return null;
  try {
    return clientMessageSchema.safeParse(JSON.parse(data)).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
