/** The mix while it is worked on: on disk, so that hours of it need no memory. Frames in which nobody spoke take no room. */
import { once } from 'node:events';
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { FRAME_VALUES } from '../audio/opus-codec.ts';
import { FRAME_SAMPLES } from '../audio/packet.ts';
import { ontoGrid, type Piece, type SpokenFrame } from './grid.ts';

/** 12 dB of room above full scale: several people at once may be louder than one. */
const SCALE = 32_767 / 4;
const FRAME_BYTES = 4 + FRAME_VALUES * 2;

export class MixSpool {
  readonly #path: string;
  readonly #file: WriteStream;
  readonly #closed: Promise<void>;

  constructor(path: string) {
    this.#path = path;
    this.#file = createWriteStream(path);
    this.#closed = finished(this.#file);
    // Awaited by `end`; unhandled until then it would end the process.
    this.#closed.catch(() => undefined);
  }

  async add({ index, pcm }: SpokenFrame): Promise<void> {
    const bytes = Buffer.allocUnsafe(FRAME_BYTES);
    bytes.writeUInt32LE(index, 0);
    const values = new Int16Array(FRAME_VALUES);
    for (let value = 0; value < FRAME_VALUES; value += 1) {
      values[value] = Math.max(-32_768, Math.min(32_767, Math.round((pcm[value] ?? 0) * SCALE)));
    }
    bytes.set(new Uint8Array(values.buffer), 4);
    if (!this.#file.write(bytes)) await once(this.#file, 'drain');
  }

  async end(): Promise<void> {
    this.#file.end();
    await this.#closed;
  }

  /**
   * The frames, in order, as often as one likes.
   *
   * @param origin as of `ontoGrid`
   */
  frames(origin = 0): AsyncGenerator<SpokenFrame> {
    return ontoGrid(this.#pieces(), origin);
  }

  async *#pieces(): AsyncGenerator<Piece> {
    let rest: Buffer = Buffer.alloc(0);
    for await (const piece of createReadStream(this.#path, { highWaterMark: FRAME_BYTES * 256 })) {
      const bytes = rest.length > 0 ? Buffer.concat([rest, piece as Buffer]) : (piece as Buffer);
      let at = 0;
      for (; at + FRAME_BYTES <= bytes.length; at += FRAME_BYTES) {
        const values = new Int16Array(Uint8Array.from(bytes.subarray(at + 4, at + FRAME_BYTES)).buffer);
        yield { at: bytes.readUInt32LE(at) * FRAME_SAMPLES, pcm: values, scale: SCALE };
      }
      rest = bytes.subarray(at);
    }
  }
}
