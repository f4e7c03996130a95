/** Writes the master as MP3, by LAME in WebAssembly: no ffmpeg is needed. */
import { createMp3Encoder } from 'wasm-media-encoders';
import { CHANNELS } from '../audio/opus-codec.ts';
import { FRAME_SAMPLES, SAMPLE_RATE } from '../audio/packet.ts';
import type { SpokenFrame } from './grid.ts';
import { OutFile } from './out-file.ts';

/**
 * Samples by which a decoded MP3 lags behind what was encoded: LAME's own delay of 576 and the 529 of every decoder. The file has no
 * header that tells players so; so much is left out at the start instead, that everything lies where it was spoken.
 */
export const MP3_DELAY = 1_105;

/** LAME makes constant-rate files of 64 to 160 kbit/s quieter by this factor, as room for what coding adds to the peaks; we leave that room ourselves. */
const LAME_SCALE = 0.95;

const silence = new Float32Array(CHANNELS * FRAME_SAMPLES);
const nothing = new Uint8Array();
/** Six frames are five frames of MP3 (1,152 samples): in silence the encoder repeats itself with this period. */
const REPEATING_FRAMES = 6;
/** So often it must have done so: its threshold of hearing falls for two seconds of silence, and colours the next sound. */
const REPEATED = 24;

type Mp3Encoder = Awaited<ReturnType<typeof createMp3Encoder>>;

export class MasterWriter {
  readonly #encoder: Mp3Encoder;
  readonly #file: OutFile;
  readonly #left = new Float32Array(FRAME_SAMPLES);
  readonly #right = new Float32Array(FRAME_SAMPLES);
  #next = 0;
  #skip = MP3_DELAY;

  static async open(path: string, bitrate: 64 | 128): Promise<MasterWriter> {
    const encoder = await createMp3Encoder();
    encoder.configure({ sampleRate: SAMPLE_RATE, channels: CHANNELS, bitrate });
    return new MasterWriter(path, encoder);
  }

  private constructor(path: string, encoder: Mp3Encoder) {
    this.#encoder = encoder;
    this.#file = new OutFile(path);
  }

  /** Adds a frame; call in order. */
  add({ index, pcm }: SpokenFrame): void {
    this.#fillUntil(index);
    this.#encode(pcm, FRAME_SAMPLES);
    this.#next = index + 1;
  }

  /** Fills up to so many frames from time zero and closes. Gives length and SHA-256. */
  end(frames: number): { bytes: number; sha256: string } {
    this.#fillUntil(frames);
    // What was left out at the start is missing at the end.
    for (let left = MP3_DELAY; left > 0; left -= FRAME_SAMPLES) this.#encode(silence, Math.min(left, FRAME_SAMPLES));
    this.#file.write(this.#encoder.finalize());
    return this.#file.end();
  }

  #fillUntil(index: number): void {
    let before: Buffer | undefined;
    let repeated = 0;
    while (this.#next < index) {
      const frames = Math.min(REPEATING_FRAMES, index - this.#next);
      const pieces: Buffer[] = [];
      for (let frame = 0; frame < frames; frame += 1) pieces.push(Buffer.from(this.#encode(silence, FRAME_SAMPLES)));
      this.#next += frames;
      const made = Buffer.concat(pieces);
      repeated = before?.equals(made) ? repeated + 1 : 0;
      if (repeated >= REPEATED) {
        // From here on it would say the same for ever: hours of silence are copied instead.
        for (; this.#next + REPEATING_FRAMES <= index; this.#next += REPEATING_FRAMES) this.#file.write(made);
      }
      before = made;
    }
  }

  /** Encodes and writes. Gives what it wrote: a view that the next call changes. */
  #encode(interleaved: Float32Array, samples: number): Uint8Array {
    const from = Math.min(samples, this.#skip);
    this.#skip -= from;
    if (from === samples) return nothing;
    const [left, right] = [this.#left, this.#right];
    for (let index = from; index < samples; index += 1) {
      left[index] = (interleaved[2 * index] ?? 0) / LAME_SCALE;
      right[index] = (interleaved[2 * index + 1] ?? 0) / LAME_SCALE;
    }
    const bytes = this.#encoder.encode([left.subarray(from, samples), right.subarray(from, samples)]);
    this.#file.write(bytes);
    return bytes;
  }
}
