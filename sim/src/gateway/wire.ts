/** One websocket's way out: JSON, compressed where the client asked for it, delayed where a fault says so. */
import { constants, createDeflate, type Deflate, deflateSync } from 'node:zlib';
import type { WebSocket } from 'ws';
import { DelayLine } from './delay-line.ts';
import { type GatewayFaults, noFaults } from './faults.ts';

/** With payload compression (`compress` of IDENTIFY) Discord deflates what is large; bytes. */
const largePayload = 1024;

type Outgoing = { data: string } | { code: number; reason: string };

export class Wire {
  readonly socket: WebSocket;
  /** Of the bot, once it is known. */
  faults: Readonly<GatewayFaults> = noFaults;
  payloadCompression = false;
  closedByServer = false;
  readonly #deflate: Deflate | undefined;
  readonly #line: DelayLine<Outgoing>;
  #compressing = 0;
  #afterCompression: (() => void) | undefined;

  constructor(socket: WebSocket, zlibStream: boolean) {
    this.socket = socket;
    this.#line = new DelayLine((outgoing) => this.#transmit(outgoing));
    socket.on('close', () => {
      this.#line.stop();
      this.#deflate?.destroy();
    });
    if (!zlibStream) return;
    // One context for the whole connection; each payload ends with the sync flush that clients look for (00 00 FF FF).
    this.#deflate = createDeflate({ flush: constants.Z_SYNC_FLUSH, chunkSize: 256 * 1024 });
    this.#deflate.on('data', (chunk: Buffer) => {
      if (this.open) socket.send(chunk, { binary: true });
    });
  }

  get open(): boolean {
    return this.socket.readyState === 1;
  }

  send(payload: { op: number; d: unknown; s: number | null; t: string | null }): void {
    if (!this.closedByServer) this.#line.push({ data: JSON.stringify(payload) }, this.faults.delayMs);
  }

  /** Closes after everything that was sent before. */
  close(code: number, reason: string): void {
    this.closedByServer = true;
    this.#line.push({ code, reason }, this.faults.delayMs);
  }

  /** Breaks the socket without a closing handshake (1006), as a failing network does. */
  terminate(): void {
    this.socket.terminate();
  }

  #transmit(outgoing: Outgoing): void {
    if (!this.open) return;
    if ('code' in outgoing) {
      const close = () => this.socket.close(outgoing.code, outgoing.reason);
      if (this.#compressing === 0) close();
      else this.#afterCompression = close;
    } else if (this.#deflate) {
      this.#compressing += 1;
      this.#deflate.write(outgoing.data, () => this.#compressed());
    } else if (this.payloadCompression && outgoing.data.length > largePayload)
      this.socket.send(deflateSync(outgoing.data), { binary: true });
    else this.socket.send(outgoing.data);
  }

  #compressed(): void {
    this.#compressing -= 1;
    // The last chunk is handed on after this callback.
    if (this.#compressing === 0 && this.#afterCompression) setImmediate(this.#afterCompression);
  }
}
