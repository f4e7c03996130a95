/** Writes a fragment as Ogg Opus: encodes what was spoken, and writes silence as silence. */
import { OggOpusWriter } from '../audio/ogg-opus.ts';
import { FRAME_VALUES, type OpusCodec, type OpusEncoder } from '../audio/opus-codec.ts';
import { SILENCE_FRAME } from '../audio/packet.ts';
import type { SpokenFrame } from './grid.ts';
import { OutFile } from './out-file.ts';

/** Frames of digital silence that are encoded after speech, so that the last sound dies away. */
const TAIL_FRAMES = 5;
const FULL_SCALE = 32_767;

/** Interleaved 16-bit PCM of a frame. Into `pcm`, which is used again. */
export function toInt16(frame: Float32Array, pcm: Int16Array): Int16Array {
  for (let value = 0; value < FRAME_VALUES; value += 1) {
    const scaled = (frame[value] ?? 0) * FULL_SCALE;
    pcm[value] = scaled > 32_767 ? 32_767 : scaled < -32_768 ? -32_768 : Math.round(scaled);
  }
  return pcm;
}

export interface FragmentWriterOptions {
  path: string;
  serial: number;
  comments: Record<string, string>;
  codec: OpusCodec;
  /** The file spans these frames of 20 ms from time zero: from `firstFrame` up to before `endFrame`. */
  firstFrame: number;
  endFrame: number;
  /** Bits per second. */
  bitrate?: number;
}

export class FragmentWriter {
  readonly #options: FragmentWriterOptions;
  readonly #encoder: OpusEncoder;
  readonly #ogg: OggOpusWriter;
  readonly #file: OutFile;
  readonly #pcm = new Int16Array(FRAME_VALUES);
  readonly #nothing = new Int16Array(FRAME_VALUES);
  #written = 0;
  /** Frames of silence since the last sound. */
  #silent = TAIL_FRAMES;

  constructor(options: FragmentWriterOptions) {
    this.#options = options;
    this.#encoder = options.codec.createEncoder({ bitrate: options.bitrate ?? 64_000, purpose: 'recording' });
    this.#ogg = new OggOpusWriter(options.serial);
    this.#file = new OutFile(options.path);
    this.#file.write(this.#ogg.header(options.comments));
  }

  /** Adds a frame; call in order. Frames outside the span are left out. */
  add({ index, pcm }: SpokenFrame): void {
    const { firstFrame, endFrame } = this.#options;
    if (index < firstFrame || index >= endFrame) return;
    this.#fillUntil(index - firstFrame);
    // The decoder has heard silence since: the encoder must not go on from what was before.
    if (this.#silent >= TAIL_FRAMES) this.#encoder.reset();
    this.#silent = 0;
    this.#append(this.#encoder.encode(toInt16(pcm, this.#pcm)));
  }

  /** Fills up to the end and closes. Gives length and SHA-256. */
  end(): { bytes: number; sha256: string } {
    const { firstFrame, endFrame } = this.#options;
    // One more: the codec's delay is cut off again at the start.
    this.#fillUntil(endFrame - firstFrame + 1);
    this.#file.write(this.#ogg.end(endFrame - firstFrame));
    return this.#file.end();
  }

  #fillUntil(frames: number): void {
    while (this.#written < frames) {
      const tail = this.#silent < TAIL_FRAMES;
      this.#silent += 1;
      this.#append(tail ? this.#encoder.encode(this.#nothing) : SILENCE_FRAME);
    }
  }

  #append(packet: Uint8Array): void {
    this.#written += 1;
    const page = this.#ogg.add(packet);
    if (page) this.#file.write(page);
  }
}
