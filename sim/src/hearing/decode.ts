/** Opus packets as samples at the rate of recognition. */
import { Decoder } from '@evan/opus';
import { HEARING_RATE } from './resampler.ts';

/** 16-bit PCM, little endian, as samples in −1…1. */
export function samplesOf(pcm: Uint8Array): Float32Array {
  const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  return Float32Array.from(
    { length: Math.floor(pcm.byteLength / 2) },
    (_, index) => view.getInt16(index * 2, true) / 32_768,
  );
}

/** Decodes one stream of Opus packets, mixed to mono, at 16 kHz. */
export class OpusListener {
  readonly #decoder = new Decoder({ channels: 1, sample_rate: HEARING_RATE });

  /** @throws {Error} when the packet is no Opus. */
  decode(packet: Uint8Array): Float32Array {
    return samplesOf(this.#decoder.decode(packet));
  }
}

/** A whole stream at once. */
export function decodeAll(packets: readonly Uint8Array[]): Float32Array {
  const listener = new OpusListener();
  const pieces = packets.map((packet) => listener.decode(packet));
  const samples = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const piece of pieces) {
    samples.set(piece, offset);
    offset += piece.length;
  }
  return samples;
}
