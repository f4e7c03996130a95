/** Deepgram's speech-to-text API on the loopback: `/v1/listen` as websocket and as POST, and the control beside it. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createAdaptorServer } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Clip } from '../clips/clip.ts';
import { SoundLibrary } from '../hearing/sound-library.ts';
import { controlRoute } from '../stand-in/control-route.ts';
import { withoutUndefined } from '../stand-in/without-undefined.ts';
import { type Clock, realClock } from '../time/clock.ts';
import { Accounting, type AccountingReport } from './accounting.ts';
import { deepgramOperations } from './control-contract.ts';
import { DeepgramError, refusals } from './errors.ts';
import { type FaultSettings, Faults } from './faults.ts';
import { LiveConnection } from './live-connection.ts';
import { transcribeFile } from './prerecorded.ts';
import { type ListenQuery, parseQuery, requireEncoding } from './query.ts';

export interface DeepgramServerOptions {
  apiKey: string;
  /** What can be recognised. */
  clips: Iterable<Pick<Clip, 'name' | 'words' | 'packets'>>;
  /** Faults and limits from the start; `clearFaults` comes back to them. */
  faults?: Partial<FaultSettings>;
  clock?: Clock;
}

const remoteSchema = z.object({ url: z.url({ protocol: /^http$/ }) });

export class DeepgramServer {
  readonly #apiKey: string;
  readonly #clock: Clock;
  readonly #library: SoundLibrary;
  readonly #faults: Faults;
  readonly #accounting = new Accounting();
  readonly #connections = new Set<LiveConnection>();
  /** Connects that have a place already, but no answer yet. */
  #opening = 0;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    // Of `token, <key>` the browser wants the first one back.
    handleProtocols: (protocols) => [...protocols][0] ?? false,
  });

  constructor({ apiKey, clips, faults, clock = realClock }: DeepgramServerOptions) {
    this.#apiKey = apiKey;
    this.#clock = clock;
    this.#library = new SoundLibrary(clips);
    this.#faults = new Faults(faults);
    this.#server = createAdaptorServer({ fetch: this.#app().fetch }) as Server;
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Listens on the loopback; returns the address for HTTP, websockets (`ws:`) and control. */
  async listen(port = 0): Promise<string> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  faults(): FaultSettings {
    return this.#faults.settings;
  }
  /** Changes the faults that are named; a shorter silence limit holds for open connections too. */
  setFaults(changes: Partial<FaultSettings>): FaultSettings {
    return this.#changed(this.#faults.set(changes));
  }
  clearFaults(): FaultSettings {
    return this.#changed(this.#faults.clear());
  }
  /** Closes every open connection with 1011; says how many. */
  closeAll(): number {
    const open = [...this.#connections];
    for (const connection of open) connection.fail();
    return open.length;
  }
  /** Breaks every open connection without a goodbye; says how many. */
  resetAll(): number {
    const open = [...this.#connections];
    for (const connection of open) connection.reset();
    return open.length;
  }
  accounting(): AccountingReport {
    return this.#accounting.report(this.#clock.wall());
  }

  #changed(settings: FaultSettings): FaultSettings {
    for (const connection of this.#connections) connection.watchSilence();
    return settings;
  }

  #app(): Hono {
    const app = new Hono();
    app.route(
      '/',
      controlRoute(deepgramOperations, {
        faults: () => this.faults(),
        setFaults: (changes) => this.setFaults(withoutUndefined(changes)),
        clearFaults: () => this.clearFaults(),
        closeAll: () => ({ connections: this.closeAll() }),
        resetAll: () => ({ connections: this.resetAll() }),
        accounting: () => this.accounting(),
      }),
    );
    app.post('/v1/listen', (context) => this.#prerecorded(context));
    app.notFound((context) => answerTo(refusals.path(context.req.path), randomUUID()));
    return app;
  }

  async #prerecorded(context: Context): Promise<Response> {
    const requestId = randomUUID();
    try {
      this.#authorise(context.req.header('authorization'), undefined);
      const query = parseQuery(new URL(context.req.url).searchParams);
      const failure = this.#faults.takeRequestFailure();
      if (failure !== undefined) throw refusals.failing(failure);
      const file = await audioOf(context);
      const about = { requestId, now: this.#clock.wall(), library: this.#library };
      const { answer, channelSeconds } = await transcribeFile(file, query, about);
      this.#accounting.prerecorded(channelSeconds);
      return context.json(answer, 200, { 'dg-request-id': requestId });
    } catch (error) {
      if (error instanceof DeepgramError) return answerTo(error, requestId);
      throw error;
    }
  }

  /** @throws {DeepgramError} 401 */
  #authorise(header: string | undefined, protocols: string | undefined): void {
    const byHeader = /^(?:token|bearer) (.+)$/i.exec(header ?? '')?.[1];
    const byProtocol = /^(?:token|bearer),\s*(.+)$/i.exec(protocols ?? '')?.[1];
    if ((byHeader ?? byProtocol)?.trim() !== this.#apiKey) throw refusals.credentials();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const requestId = randomUUID();
    // Until the websocket takes over, a client that goes away is no event of its own.
    const gone = () => socket.destroy();
    socket.on('error', gone);
    let query: ListenQuery;
    try {
      query = this.#admit(request);
    } catch (error) {
      if (!(error instanceof DeepgramError)) throw error;
      this.#accounting.refused();
      refuseUpgrade(socket, error, requestId);
      return;
    }
    const open = () => {
      this.#opening -= 1;
      this.#sockets.handleUpgrade(request, socket, head, (websocket) => {
        socket.off('error', gone);
        const [faults, accounting, library, clock] = [this.#faults, this.#accounting, this.#library, this.#clock];
        const onEnd = (connection: LiveConnection) => this.#connections.delete(connection);
        const parts = { library, clock, faults, accounting, onEnd };
        const connection = new LiveConnection(websocket, socket, query, requestId, parts);
        if (!connection.isOver) this.#connections.add(connection);
      });
    };
    this.#opening += 1;
    const { openDelayMs } = this.#faults.settings;
    if (openDelayMs === 0) open();
    else {
      this.#clock.after(openDelayMs, () => {
        if (socket.destroyed) this.#opening -= 1;
        else open();
      });
    }
  }

  /** @throws {DeepgramError} the reason why this connection is not opened. */
  #admit({ url = '/', headers }: IncomingMessage): ListenQuery {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    if (pathname !== '/v1/listen') throw refusals.path(pathname);
    this.#authorise(headers.authorization, headers['sec-websocket-protocol']);
    const query = parseQuery(searchParams);
    requireEncoding(query);
    if (this.#faults.take('refuseConnects')) throw refusals.tooMany();
    if (this.#connections.size + this.#opening >= this.#faults.settings.concurrency) throw refusals.tooMany();
    return query;
  }
}

function answerTo(error: DeepgramError, requestId: string): Response {
  const headers = { 'content-type': 'application/json', 'dg-request-id': requestId, 'dg-error': error.message };
  return new Response(JSON.stringify(error.body(requestId)), { status: error.status, headers });
}

function refuseUpgrade(socket: Duplex, error: DeepgramError, requestId: string): void {
  const body = JSON.stringify(error.body(requestId));
  socket.end(
    [
      `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Error'}`,
      'connection: close',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      `dg-request-id: ${requestId}`,
      `dg-error: ${error.message}`,
      '',
      body,
    ].join('\r\n'),
  );
}

/** The body itself, or what its `url` leads to. */
async function audioOf(context: Context): Promise<Buffer> {
  const body = Buffer.from(await context.req.arrayBuffer());
  if (!context.req.header('content-type')?.startsWith('application/json')) return body;
  const remote = remoteSchema.safeParse(parseJson(body.toString('utf8')));
  if (!remote.success) throw refusals.body('The JSON must be an object with a url that begins with http://.');
  try {
    const response = await fetch(remote.data.url, { signal: AbortSignal.timeout(30_000) });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    throw refusals.remote(`Could not fetch the url: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
