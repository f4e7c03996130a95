/**
 * The Opus codec behind a seam of two methods. The default is libopus through @evan/opus; its native build keeps its output in
 * buffers of the process, so it must be used on one thread only (a second thread sets `OPUS_FORCE_WASM=1` first).
 */
import { Decoder, Encoder } from '@evan/opus';
import { PatchbayError } from '@patchbay/shared/errors';
import { FRAME_SAMPLES, SAMPLE_RATE } from './packet.ts';

export const CHANNELS = 2;
/** Samples of all channels in one frame of PCM. */
export const FRAME_VALUES: number = FRAME_SAMPLES * CHANNELS;

export interface OpusDecoder {
  /**
   * Decodes one packet to interleaved stereo at 48 kHz, 16 bits. The result is a copy of its own.
   *
   * @throws {PatchbayError} `opus_undecodable`
   */
  decode(packet: Uint8Array): Int16Array;
}

export interface OpusEncoder {
  /**
   * Encodes 20 ms of interleaved stereo at 48 kHz (1,920 values).
   *
   * @throws {PatchbayError} `opus_wrong_frame`
   */
  encode(pcm: Int16Array): Uint8Array;
  /** Forgets what was encoded: needed when this encoder takes over a stream from another source. */
  reset(): void;
}

export interface OpusCodec {
  createDecoder(): OpusDecoder;
  createEncoder(options?: EncoderOptions): OpusEncoder;
}

export interface EncoderOptions {
  /** Bits per second; 64,000 by default, as Discord's clients. */
  bitrate?: number;
  /** `call` by default: for voice, with error correction for the packets that get lost on the way. `recording`: for any sound, without. */
  purpose?: 'call' | 'recording';
  /** 0–10; 5 costs 60 % of 10 and is not heard. */
  complexity?: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;
}

/** libopus by @evan/opus. */
export const libopus: OpusCodec = {
  createDecoder() {
    const decoder = new Decoder({ channels: CHANNELS, sample_rate: SAMPLE_RATE });
    return {
      decode(packet) {
        try {
          // The native build reuses its output buffer at the next call: copy.
          const bytes = Uint8Array.from(decoder.decode(packet));
          return new Int16Array(bytes.buffer);
        } catch (cause) {
          throw new PatchbayError('opus_undecodable', `An Opus packet of ${packet.length} bytes cannot be decoded.`, {
            cause,
          });
        }
      },
    };
  },
  createEncoder({ bitrate = 64_000, complexity = 5, purpose = 'call' } = {}) {
    const encoder = new Encoder({
      channels: CHANNELS,
      sample_rate: SAMPLE_RATE,
      application: purpose === 'call' ? 'voip' : 'audio',
    });
    encoder.bitrate = bitrate;
    encoder.complexity = complexity;
    encoder.inband_fec = purpose === 'call';
    return {
      encode(pcm) {
        if (pcm.length !== FRAME_VALUES) {
          throw new PatchbayError('opus_wrong_frame', `Give ${FRAME_VALUES} values, not ${pcm.length}.`);
        }
        return Uint8Array.from(encoder.encode(pcm));
      },
      reset() {
        encoder.reset();
      },
    };
  },
};
