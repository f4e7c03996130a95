/** A bare websocket to the gateway, for what no library does. */
import { constants, createInflate, inflateSync } from 'node:zlib';
import { WebSocket } from 'ws';

export interface RawPayload {
  op: number;
  d: Record<string, unknown> | null;
  s: number | null;
  t: string | null;
}

export class RawGateway {
  readonly received: RawPayload[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #socket: WebSocket;
  readonly #waiting = new Set<() => void>();

  /** `query`: such as `v=10&encoding=json`. */
  constructor(apiUrl: string, query = 'v=10&encoding=json') {
    this.#socket = new WebSocket(`${apiUrl.replace('http', 'ws').replace('/api', '/')}?${query}`);
    this.closed = new Promise((resolve) =>
      this.#socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    const inflate = createInflate({ flush: constants.Z_SYNC_FLUSH });
    let text = '';
    inflate.on('data', (part: Buffer) => {
      text += part.toString();
      // Payloads end with their stream flush; here it is enough to try whether they are whole.
      try {
        this.#take(JSON.parse(text));
        text = '';
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
      }
    });
    const stream = query.includes('zlib-stream');
    this.#socket.on('message', (data: Buffer, binary) => {
      if (stream) inflate.write(data);
      else this.#take(JSON.parse((binary ? inflateSync(data) : data).toString()));
    });
  }

  async send(...payloads: unknown[]): Promise<this> {
    await this.when(() => this.received.length > 0);
    for (const payload of payloads) this.#socket.send(typeof payload === 'string' ? payload : JSON.stringify(payload));
    return this;
  }

  /** Identifies and waits for READY. */
  async identify(token: string, intents: number, more: object = {}): Promise<Record<string, unknown>> {
    await this.send({ op: 2, d: { token, intents, properties: {}, ...more } });
    return (await this.event('READY')).d ?? {};
  }

  async event(name: string): Promise<RawPayload> {
    return this.first(({ t }) => t === name);
  }

  async first(fits: (payload: RawPayload) => boolean): Promise<RawPayload> {
    await this.when(() => this.received.some(fits));
    return this.received.find(fits) as RawPayload;
  }

  /** Resolves when `check` holds, which is asked after every payload. */
  when(check: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!check()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  names(): string[] {
    return this.received.flatMap(({ t }) => t ?? []);
  }

  close(code?: number): void {
    this.#socket.close(code);
  }

  #take(payload: RawPayload): void {
    this.received.push(payload);
    for (const look of this.#waiting) look();
  }
}
