/** A file that is written in large pieces, and its checksum on the way. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';

const PIECE_BYTES = 1 << 18;

/** Synchronous: it is used where nothing else waits, and a wait for each page would cost more than the page. */
export class OutFile {
  readonly #file: number;
  readonly #hash: Hash | undefined;
  readonly #piece = Buffer.allocUnsafe(PIECE_BYTES);
  #filled = 0;
  #bytes = 0;

  /** @param hashed a file that nobody but this process reads needs no checksum */
  constructor(path: string, hashed = true) {
    this.#hash = hashed ? createHash('sha256') : undefined;
    this.#file = openSync(path, 'w');
  }

  /** Adds bytes; they may be used again afterwards. */
  write(bytes: Uint8Array): void {
    if (this.#filled + bytes.length > PIECE_BYTES) this.#flush();
    if (bytes.length > PIECE_BYTES) {
      this.#put(bytes);
      return;
    }
    this.#piece.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  /** Writes the rest and closes. */
  end(): { bytes: number; sha256: string } {
    this.#flush();
    closeSync(this.#file);
    return { bytes: this.#bytes, sha256: this.#hash?.digest('hex') ?? '' };
  }

  #flush(): void {
    this.#put(this.#piece.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #put(bytes: Uint8Array): void {
    this.#hash?.update(bytes);
    this.#bytes += bytes.length;
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
  }
}
