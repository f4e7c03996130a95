/** Sound while it is worked on: on disk, so that hours of it need no memory. Frames in which nobody spoke take no room. */
import { closeSync, openSync, readSync } from 'node:fs';
import { FRAME_VALUES } from '../audio/opus-codec.ts';
import { FRAME_SAMPLES } from '../audio/packet.ts';
import { ratioOf } from '../audio/true-peak.ts';
import { ontoGrid, type Piece, type SpokenFrame } from './grid.ts';
import { OutFile } from './out-file.ts';

/** Of one frame in the file. */
export const FRAME_BYTES: number = 4 + FRAME_VALUES * 2;

export class FrameSpool {
  readonly #path: string;
  readonly #scale: number;
  readonly #file: OutFile;

  /** @param headroom dB above full scale that the file can hold; 16 bits, whatever it is */
  constructor(path: string, headroom: number) {
    this.#path = path;
    this.#scale = 32_768 / ratioOf(headroom);
    this.#file = new OutFile(path, false);
  }

  add({ index, pcm }: SpokenFrame): void {
    const scale = this.#scale;
    const place = Uint32Array.of(index);
    const values = new Int16Array(FRAME_VALUES);
    for (let value = 0; value < FRAME_VALUES; value += 1) {
      const scaled = Math.round((pcm[value] ?? 0) * scale);
      values[value] = scaled > 32_767 ? 32_767 : scaled < -32_768 ? -32_768 : scaled;
    }
    this.#file.write(new Uint8Array(place.buffer));
    this.#file.write(new Uint8Array(values.buffer));
  }

  end(): void {
    this.#file.end();
  }

  /**
   * The frames, in order.
   *
   * @param origin as of `ontoGrid`
   */
  frames(origin = 0): Generator<SpokenFrame> {
    return ontoGrid(this.#pieces(), origin);
  }

  *#pieces(): Generator<Piece> {
    const file = openSync(this.#path, 'r');
    const bytes = new Uint8Array(FRAME_BYTES);
    const index = new Uint32Array(bytes.buffer, 0, 1);
    const pcm = new Int16Array(bytes.buffer, 4, FRAME_VALUES);
    try {
      while (readSync(file, bytes) === FRAME_BYTES)
        yield { at: (index[0] ?? 0) * FRAME_SAMPLES, pcm, scale: this.#scale };
    } finally {
      closeSync(file);
    }
  }
}
