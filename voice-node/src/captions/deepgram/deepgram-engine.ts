/**
 * Deepgram behind the engine seam, straight on `ws`. Its SDK reconnects by itself after seconds, silently, with audio time
 * beginning at 0 again, and throws while it does: who said what would be anybody's guess.
 */
import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import type { CaptionEngine, ConnectionOptions, EngineConnection, EngineEvents } from '../engine.ts';
import { type DeepgramSettings, streamAddress } from './address.ts';
import { refusalOf, resultOf } from './messages.ts';

/** An opening that takes longer has failed. ms */
const OPEN_MS = 10_000;
/** Codes that `close` may name itself. */
const NORMAL = 1000;

export class DeepgramEngine implements CaptionEngine {
  readonly name = 'deepgram';
  readonly #settings: DeepgramSettings;

  constructor(settings: DeepgramSettings) {
    this.#settings = settings;
  }

  open(options: ConnectionOptions, events: EngineEvents): EngineConnection {
    return new DeepgramConnection(this.#settings, options, events);
  }
}

class DeepgramConnection implements EngineConnection {
  readonly #socket: WebSocket;
  readonly #events: EngineEvents;
  readonly #channels: number;
  #opened = false;
  #over = false;

  constructor(settings: DeepgramSettings, options: ConnectionOptions, events: EngineEvents) {
    this.#events = events;
    this.#channels = options.channels;
    this.#socket = new WebSocket(streamAddress(settings, options), {
      headers: { authorization: `Token ${settings.apiKey}` },
      handshakeTimeout: OPEN_MS,
      // PCM does not shrink, and every message would wait for it.
      perMessageDeflate: false,
    });
    this.#socket.on('open', () => {
      this.#opened = true;
      events.opened();
    });
    this.#socket.on('message', (data, isBinary) => {
      if (isBinary || this.#over) return;
      const result = resultOf(data.toString());
      if (result && result.channel < options.channels) events.result(result);
    });
    this.#socket.on('unexpected-response', (_, response) => this.#refused(response));
    this.#socket.on('error', (error) => {
      // `close` follows and tells it, unless the connection never opened.
      if (!this.#opened)
        this.#end({
          limit: false,
          code: 'captions_unreachable',
          message: `Deepgram cannot be reached: ${error.message}`,
        });
    });
    this.#socket.on('close', (code, reason) => this.#closed(code, reason.toString()));
  }

  send(pcm: Buffer): void {
    if (this.#isOpen) this.#socket.send(pcm);
  }

  finalize(channel: number): void {
    this.#command(this.#channels > 1 ? { type: 'Finalize', channel } : { type: 'Finalize' });
  }

  keepAlive(): void {
    this.#command({ type: 'KeepAlive' });
  }

  finish(): void {
    this.#command({ type: 'CloseStream' });
  }

  close(): void {
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#socket.terminate();
    else if (this.#isOpen) this.#socket.close(NORMAL);
    else this.#socket.terminate();
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  #command(command: { type: string; channel?: number }): void {
    if (this.#isOpen) this.#socket.send(JSON.stringify(command));
  }

  #refused(response: IncomingMessage): void {
    let body = '';
    response.on('data', (piece) => {
      body = (body + String(piece)).slice(0, 500);
    });
    const told = (): void => {
      this.#end(refusalOf(response.statusCode ?? 0, body));
      this.#socket.terminate();
    };
    response.on('end', told);
    response.on('error', told);
  }

  #closed(code: number, reason: string): void {
    if (!this.#opened) {
      this.#end({ limit: false, code: 'captions_unreachable', message: `Deepgram closed the connection (${code}).` });
      return;
    }
    if (this.#over) return;
    this.#over = true;
    this.#events.closed({ code, message: reason });
  }

  #end(refusal: { limit: boolean; code: string; message: string }): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.refused(refusal);
  }
}
