/** The Worker as the voice node sees it: takes signed events with a watermark, holds the control socket. */
import { EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type NodeMessage, nodeMessageSchema, type WorkerMessage } from '@patchbay/shared/control-messages';
import { eventBatchSchema, type NodeEvent, type NodeEventOf, type NodeEventType } from '@patchbay/shared/events';
import { verify } from '@patchbay/shared/signing';
import { type WebSocket, WebSocketServer } from 'ws';

export const HUB_SECRET = 'a secret that is long enough for tests';

export class FakeHub {
  readonly events: NodeEvent[] = [];
  readonly messages: NodeMessage[] = [];
  readonly #changed = new EventEmitter();
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  #socket: WebSocket | undefined;

  constructor() {
    this.#changed.setMaxListeners(50);
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      const headers = new Headers(request.headers as Record<string, string>);
      const path = request.url ?? '';
      const verified = await verify([HUB_SECRET], { method: request.method ?? '', path, headers, body });
      const batch = eventBatchSchema.safeParse(verified.ok ? JSON.parse(body.toString()) : undefined);
      if (!batch.success) {
        response.writeHead(verified.ok ? 400 : 401).end(verified.ok ? batch.error.message : verified.message);
        return;
      }
      const accepted: Record<string, number> = {};
      for (const event of batch.data.events) {
        const last = this.events.filter(({ guildId }) => guildId === event.guildId).at(-1)?.seq ?? 0;
        if (event.seq === last + 1) this.events.push(event);
        accepted[event.guildId] = Math.max(last, event.seq);
      }
      response.end(JSON.stringify({ accepted }));
      this.#changed.emit('change');
    });
    this.#server.on('upgrade', async (request, socket, head) => {
      const headers = new Headers(request.headers as Record<string, string>);
      const verified = await verify([HUB_SECRET], { method: 'GET', path: request.url ?? '', headers, body: '' });
      if (!verified.ok) {
        socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (accepted) => this.#hold(accepted));
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  send(message: WorkerMessage): void {
    this.#socket?.send(JSON.stringify(message));
  }

  /** Waits for the first event of a type that fits. */
  async event<T extends NodeEventType>(
    type: T,
    fits: (event: NodeEventOf<T>) => boolean = () => true,
  ): Promise<NodeEventOf<T>> {
    return this.#until(() =>
      this.events.find((event): event is NodeEventOf<T> => event.type === type && fits(event as NodeEventOf<T>)),
    );
  }

  message(type: NodeMessage['type']): Promise<NodeMessage> {
    return this.#until(() => this.messages.find((message) => message.type === type));
  }

  async close(): Promise<void> {
    this.#socket?.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #until<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await once(this.#changed, 'change');
    }
  }

  #hold(socket: WebSocket): void {
    this.#socket = socket;
    socket.on('message', (data) => {
      const text = data.toString();
      if (text === 'ping') {
        socket.send('pong');
        return;
      }
      const message = nodeMessageSchema.parse(JSON.parse(text));
      this.messages.push(message);
      if (message.type === 'hello') {
        const identities = message.identities.map(({ identityId }) => ({ identityId, epoch: 1 }));
        socket.send(JSON.stringify({ v: 1, type: 'welcome', identities } satisfies WorkerMessage));
      }
      this.#changed.emit('change');
    });
  }
}
