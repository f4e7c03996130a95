/** A small real server that plays the hub and the rejoin route for tests: auth, snapshots, replay, and faults on demand. */
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { VoiceEventName, VoiceEvents, VoiceMember } from '../src/protocol.ts';

export interface Auth {
  token: string;
  since?: { epoch: string; seq: number };
}

export const GUILD = '700000000000000001';
export const CHANNEL = '700000000000000010';
export const OTHER_CHANNEL = '700000000000000011';

/** Emits `auth` (Auth, socket), `accepted` (socket), `message` (object, socket), `ping`, `closed`, `rejoin` (body). */
export class FakeHub extends EventEmitter {
  #server: Server | undefined;
  #sockets = new Set<WebSocket>();
  #port = 0;
  #ring: { event: string; id: string; seq: number }[] = [];
  #members = new Map<string, VoiceMember>();
  epoch = 'epoch-1';
  seq = 0;
  connections = 0;
  /** Answers `ping`s; a line that died does not. */
  answersPings = true;
  /** What to do with a token: `undefined` is to accept it. */
  judge: (auth: Auth) => { closeCode: number; code: string } | undefined = () => undefined;
  rejoinAnswer: { status: number; body: unknown } = { status: 200, body: { kind: 'moved' } };

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Connections that are authenticated now. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Listens; after `stop` on the same port again. */
  async start(): Promise<this> {
    this.#server = createServer((request, response) => void this.#request(request, response));
    const sockets = new WebSocketServer({ server: this.#server, path: '/api/ws' });
    sockets.on('connection', (socket) => this.#accept(socket));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  /** Cuts every connection and refuses new ones. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate();
    this.#server?.closeAllConnections();
    if (this.#server?.listening) await new Promise((resolve) => this.#server?.close(resolve));
  }

  /** Another life of the hub: nothing can be replayed. */
  forget(): void {
    this.epoch = `epoch-${Number(this.epoch.slice(6)) + 1}`;
    this.#ring = [];
  }

  member(userId: string, channelId = CHANNEL): VoiceMember {
    return { userId, channelId, displayName: `User ${userId}`, bot: false, selfMute: false, selfDeaf: false };
  }

  join(userId: string, channelId = CHANNEL): void {
    const previousChannelId = this.#members.get(userId)?.channelId;
    const member = this.member(userId, channelId);
    this.#members.set(userId, member);
    if (previousChannelId === undefined) this.publish('voice.joined', { guildId: GUILD, member });
    else this.publish('voice.moved', { guildId: GUILD, previousChannelId, member });
  }

  leave(userId: string, kind = 'left', certainty = 1): void {
    const previousChannelId = this.#members.get(userId)?.channelId ?? CHANNEL;
    this.#members.delete(userId);
    const cause = { kind, certainty };
    this.publish('voice.left', { guildId: GUILD, channelId: null, previousChannelId, userId, cause });
  }

  /** Numbers an event, keeps it for replay and sends it to everybody who is authenticated. */
  publish<N extends VoiceEventName>(event: N, payload: VoiceEvents[N]): void {
    this.seq += 1;
    const message = { v: 1, type: 'event', event, id: `id-${this.seq}`, seq: this.seq, at: this.seq * 1000, payload };
    this.#ring.push(message);
    this.broadcast(message);
  }

  broadcast(message: object): void {
    for (const socket of this.#sockets) socket.send(JSON.stringify(message));
  }

  closeAll(code: number, reason = ''): void {
    for (const socket of this.#sockets) socket.close(code, reason);
  }

  sendSnapshot(socket: WebSocket): void {
    const channels = [CHANNEL, OTHER_CHANNEL].map((channelId, index) => {
      return { channelId, name: ['Game Night', 'Lobby'][index], configured: false, state: { kind: 'idle' } };
    });
    const payload = {
      guildId: GUILD,
      guildName: 'Harbour',
      channels,
      members: [...this.#members.values()],
      sessions: [],
    };
    const id = `snapshot-${crypto.randomUUID()}`;
    const event = 'presence.snapshot';
    socket.send(JSON.stringify({ v: 1, type: 'event', event, id, seq: this.seq, at: 1, payload }));
  }

  #accept(socket: WebSocket): void {
    this.connections += 1;
    this.emit('connection', socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.emit('closed');
    });
    socket.on('message', (data) => {
      if (String(data) === 'ping') {
        if (this.answersPings) socket.send('pong');
        this.emit('ping');
        return;
      }
      const message = JSON.parse(String(data));
      if (message.type === 'auth') this.#authenticate(socket, message);
      else this.emit('message', message, socket);
    });
  }

  #authenticate(socket: WebSocket, auth: Auth): void {
    this.emit('auth', auth, socket);
    const refused = this.judge(auth);
    if (refused) {
      socket.send(JSON.stringify({ v: 1, type: 'error', code: refused.code, message: `Refused: ${refused.code}.` }));
      socket.close(refused.closeCode, refused.code);
      return;
    }
    const { epoch, seq } = this;
    socket.send(JSON.stringify({ v: 1, type: 'ack', event: 'auth.ok', epoch, seq }));
    const { since } = auth;
    if (since && since.epoch === epoch) {
      for (const event of this.#ring) if (event.seq > since.seq) socket.send(JSON.stringify(event));
    } else {
      if (since) socket.send(JSON.stringify({ v: 1, type: 'event', event: 'resync', epoch, seq }));
      this.sendSnapshot(socket);
    }
    this.#sockets.add(socket);
    this.emit('accepted', socket);
  }

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', 'authorization, content-type');
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    let body = '';
    for await (const part of request) body += part;
    const { method, url, headers } = request;
    this.emit('rejoin', { method, url, authorization: headers.authorization, body: JSON.parse(body) });
    const { status, body: answer } = this.rejoinAnswer;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }
}
