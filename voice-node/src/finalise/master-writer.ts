/** Writes the master as MP3, by LAME in WebAssembly: no ffmpeg is needed. */
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createMp3Encoder } from 'wasm-media-encoders';
import { CHANNELS } from '../audio/opus-codec.ts';
import { FRAME_SAMPLES, SAMPLE_RATE } from '../audio/packet.ts';
import type { SpokenFrame } from './grid.ts';

/**
 * Samples by which a decoded MP3 lags behind what was encoded: LAME's own delay of 576 and the 529 of every decoder. The file has no
 * header that tells players so; so much is left out at the start instead, that everything lies where it was spoken.
 */
export const MP3_DELAY = 1_105;

/** LAME makes constant-rate files of 64 to 160 kbit/s quieter by this factor, as room for what coding adds to the peaks; we leave that room ourselves. */
const LAME_SCALE = 0.95;

type Mp3Encoder = Awaited<ReturnType<typeof createMp3Encoder>>;

export class MasterWriter {
  readonly #encoder: Mp3Encoder;
  readonly #file: WriteStream;
  readonly #closed: Promise<void>;
  #next = 0;
  #skip = MP3_DELAY;

  static async open(path: string, bitrate: 64 | 128): Promise<MasterWriter> {
    const encoder = await createMp3Encoder();
    encoder.configure({ sampleRate: SAMPLE_RATE, channels: CHANNELS, bitrate });
    return new MasterWriter(path, encoder);
  }

  private constructor(path: string, encoder: Mp3Encoder) {
    this.#encoder = encoder;
    this.#file = createWriteStream(path);
    this.#closed = finished(this.#file);
    // Awaited by `end`; unhandled until then it would end the process.
    this.#closed.catch(() => undefined);
  }

  /** Adds a frame; call in order. */
  async add({ index, pcm }: SpokenFrame): Promise<void> {
    await this.#fillUntil(index);
    await this.#encode(pcm);
    this.#next = index + 1;
  }

  /** Fills up to so many frames from time zero and closes; resolves when the file is whole. */
  async end(frames: number): Promise<void> {
    await this.#fillUntil(frames);
    // What was left out at the start is missing at the end.
    await this.#encode(new Float32Array(2 * MP3_DELAY));
    this.#file.end(Uint8Array.from(this.#encoder.finalize()));
    await this.#closed;
  }

  async #fillUntil(index: number): Promise<void> {
    const silence = new Float32Array(CHANNELS * FRAME_SAMPLES);
    for (; this.#next < index; this.#next += 1) await this.#encode(silence);
  }

  async #encode(interleaved: Float32Array): Promise<void> {
    const samples = interleaved.length / CHANNELS;
    const from = Math.min(samples, this.#skip);
    this.#skip -= from;
    if (from === samples) return;
    const left = new Float32Array(samples - from);
    const right = new Float32Array(samples - from);
    for (let index = from; index < samples; index += 1) {
      left[index - from] = (interleaved[2 * index] ?? 0) / LAME_SCALE;
      right[index - from] = (interleaved[2 * index + 1] ?? 0) / LAME_SCALE;
    }
    // The encoder's output buffer is used again by the next call.
    const bytes = Uint8Array.from(this.#encoder.encode([left, right]));
    if (bytes.length > 0 && !this.#file.write(bytes)) {
      await once(this.#file, 'drain');
    }
  }
}
