/** The control socket: the node dials the Worker and holds the line. Sessions go on while it is away. */
import { EventEmitter } from 'node:events';
import {
  NODE_PING_MS,
  type NodeMessage,
  type WorkerMessage,
  workerMessageSchema,
} from '@patchbay/shared/control-messages';
import { sign } from '@patchbay/shared/signing';
import WebSocket from 'ws';
import { backoffMs } from '../ops/backoff.ts';
import type { Logger } from '../ops/logger.ts';

export interface ControlSocketEvents {
  /** The Worker has taken the hello. */
  welcome: [message: Extract<WorkerMessage, { type: 'welcome' }>];
  message: [message: Exclude<WorkerMessage, { type: 'welcome' }>];
  closed: [];
}

export interface ControlSocketOptions {
  hubUrl: string;
  hubSecret: string;
  nodeId: string;
  /** What the node says of itself, asked at each connection. */
  hello: () => Extract<NodeMessage, { type: 'hello' }>;
  logger: Logger;
  /** Time between pings, ms. */
  pingMs?: number;
  backoff?: (attempt: number) => number;
}

/** So many pings without any answer: the line is dead though TCP does not know. */
const MISSED_PONGS = 3;

export class ControlSocket extends EventEmitter<ControlSocketEvents> {
  readonly #options: ControlSocketOptions;
  #socket: WebSocket | undefined;
  #welcomed = false;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: ControlSocketOptions) {
    super();
    this.#options = options;
  }

  get welcomed(): boolean {
    return this.#welcomed;
  }

  start(): void {
    void this.#dial();
  }

  /** Sends when the line stands; `false` = dropped (a hello tells everything that matters at the next connection). */
  send(message: NodeMessage): boolean {
    if (!this.#welcomed || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.close(1000, 'shutdown');
  }

  async #dial(): Promise<void> {
    const { hubUrl, hubSecret, nodeId, logger } = this.#options;
    const path = `/api/internal/nodes/${nodeId}/socket`;
    const headers = await sign(hubSecret, { method: 'GET', path, nodeId, body: '' });
    if (this.#closed) return;
    const socket = new WebSocket(hubUrl.replace(/^http/, 'ws') + path, { headers, handshakeTimeout: 10_000 });
    this.#socket = socket;
    let unanswered = 0;
    let ping: ReturnType<typeof setInterval> | undefined;
    socket.on('open', () => {
      socket.send(JSON.stringify(this.#options.hello()));
      ping = setInterval(() => {
        unanswered += 1;
        if (unanswered > MISSED_PONGS) socket.terminate();
        else socket.send('ping');
      }, this.#options.pingMs ?? NODE_PING_MS);
    });
    socket.on('message', (data) => {
      unanswered = 0;
      const text = data.toString();
      if (text !== 'pong') this.#receive(text);
    });
    socket.on('unexpected-response', (request, response) => {
      let body = '';
      response.on('data', (chunk) => {
        body = (body + String(chunk)).slice(0, 300);
      });
      response.on('end', () => {
        logger.warn({ status: response.statusCode, body }, 'the Worker refused the control socket');
        request.destroy();
        socket.terminate();
      });
    });
    socket.on('error', (error) => logger.warn({ err: error }, 'the control socket failed'));
    socket.on('close', (code, reason) => {
      clearInterval(ping);
      const wasWelcomed = this.#welcomed;
      this.#welcomed = false;
      if (this.#closed) return;
      const delay = (this.#options.backoff ?? backoffMs)(this.#attempt);
      this.#attempt += 1;
      logger.warn({ code, reason: reason.toString(), retryInMs: delay }, 'the control socket is closed');
      this.#timer = setTimeout(() => void this.#dial(), delay);
      if (wasWelcomed) this.emit('closed');
    });
  }

  #receive(text: string): void {
    const { logger } = this.#options;
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (error) {
      logger.error({ err: error }, 'the Worker sent something that is not JSON');
      return;
    }
    const parsed = workerMessageSchema.safeParse(json);
    if (!parsed.success) {
      logger.error({ problem: parsed.error.message }, 'the Worker sent a message that this version does not know');
      return;
    }
    if (parsed.data.type === 'welcome') {
      this.#welcomed = true;
      this.#attempt = 0;
      this.emit('welcome', parsed.data);
    } else {
      this.emit('message', parsed.data);
    }
  }
}
