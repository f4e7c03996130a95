/** A codec for tests that notes when each packet was decoded. */
import type { OpusCodec, OpusDecoder, OpusEncoder } from '../audio/opus-codec.ts';
import type { Scheduler } from '../ops/scheduler.ts';

export class ListeningCodec implements OpusCodec {
  /** In order; packets by identity, what a decoder concealed included. */
  readonly decoded: { opus: Uint8Array; at: number }[] = [];
  readonly #codec: OpusCodec;
  readonly #scheduler: Scheduler;

  constructor(codec: OpusCodec, scheduler: Scheduler) {
    this.#codec = codec;
    this.#scheduler = scheduler;
  }

  createDecoder(): OpusDecoder {
    const decoder = this.#codec.createDecoder();
    return {
      decode: (opus) => {
        this.decoded.push({ opus, at: this.#scheduler.now() });
        return decoder.decode(opus);
      },
    };
  }

  createEncoder(): OpusEncoder {
    return this.#codec.createEncoder();
  }
}
