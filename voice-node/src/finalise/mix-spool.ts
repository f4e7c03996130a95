/** The mix while it is worked on: on disk, so that hours of it need no memory. Frames in which nobody spoke take no room. */
import { closeSync, openSync, readSync } from 'node:fs';
import { FRAME_VALUES } from '../audio/opus-codec.ts';
import { FRAME_SAMPLES } from '../audio/packet.ts';
import { ontoGrid, type Piece, type SpokenFrame } from './grid.ts';
import { OutFile } from './out-file.ts';

/** 12 dB of room above full scale: several people at once may be louder than one. */
const SCALE = 32_767 / 4;
const FRAME_BYTES = 4 + FRAME_VALUES * 2;

export class MixSpool {
  readonly #path: string;
  readonly #file: OutFile;

  constructor(path: string) {
    this.#path = path;
    this.#file = new OutFile(path);
  }

  add({ index, pcm }: SpokenFrame): void {
    const place = Uint32Array.of(index);
    const values = new Int16Array(FRAME_VALUES);
    for (let value = 0; value < FRAME_VALUES; value += 1) {
      const scaled = Math.round((pcm[value] ?? 0) * SCALE);
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
      while (readSync(file, bytes) === FRAME_BYTES) yield { at: (index[0] ?? 0) * FRAME_SAMPLES, pcm, scale: SCALE };
    } finally {
      closeSync(file);
    }
  }
}
