/** One socket from its opening to its end: probes, refusals, and finding out that the line is dead. */
import { LOST } from './errors.ts';
import type { ServerMessage } from './protocol.ts';

/** A connection that is not authenticated after this time is given up. ms. */
const OPEN_LIMIT_MS = 15_000;
/** After so long without a word the hub is asked whether it is there. ms: routers forget idle connections after a minute. */
const QUIET_MS = 25_000;
/** So long it may take to answer. ms. */
const ANSWER_LIMIT_MS = 10_000;

export interface ConnectionHandlers {
  onOpen: () => void;
  onMessage: (message: ServerMessage) => void;
  /** The end, told once. `error` is what the hub said before it closed. */
  onEnd: (code: number, reason: string, error?: ServerMessage) => void;
}

export class Connection {
  readonly #socket: WebSocket;
  readonly #handlers: ConnectionHandlers;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #error: ServerMessage | undefined;
  /** When the hub took the token, in ms since the epoch; 0 before. */
  liveSince = 0;

  constructor(url: string, handlers: ConnectionHandlers) {
    this.#handlers = handlers;
    this.#socket = new WebSocket(url);
    this.#socket.onopen = handlers.onOpen;
    this.#socket.onmessage = ({ data }) => this.#message(String(data));
    this.#socket.onclose = ({ code, reason }) => this.#end(code, reason);
    this.#limit(OPEN_LIMIT_MS);
  }

  send(message: object): void {
    this.#socket.send(JSON.stringify({ v: 1, ...message }));
  }

  /** Is the hub still there? A line that died while the machine slept looks open until something is sent. */
  check(): void {
    if (!this.liveSince) return;
    this.#socket.send('ping');
    this.#limit(ANSWER_LIMIT_MS);
  }

  /** Ends it without telling anybody. */
  drop(): void {
    clearTimeout(this.#timer);
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close(1000);
  }

  #message(data: string): void {
    if (this.liveSince) this.#quiet();
    if (data === 'pong') return;
    let message: ServerMessage;
    try {
      message = JSON.parse(data);
    } catch {
      this.#end(LOST, 'the server does not speak JSON');
      return;
    }
    if (message.type === 'probe') this.send({ type: 'ack', n: message.n });
    else if (message.type === 'error') this.#error = message;
    else {
      if (message.type === 'ack' && message.event === 'auth.ok') {
        this.liveSince ||= Date.now();
        this.#quiet();
      }
      this.#handlers.onMessage(message);
    }
  }

  #quiet(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.check(), QUIET_MS);
  }

  /** The socket's own close event may take minutes on a dead line: the end is told at once. */
  #limit(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(LOST, 'no answer'), ms);
  }

  #end(code: number, reason: string): void {
    this.drop();
    this.#handlers.onEnd(code, reason, this.#error);
  }
}
