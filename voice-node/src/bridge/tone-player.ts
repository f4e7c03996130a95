/** A tone on its way into what one leg hears. */
import { ramp } from '../audio/fade.ts';
import type { OpusDecoder } from '../audio/opus-codec.ts';
import type { Tone } from '../audio/tones/tone.ts';

/** Under a voice a tone is 12 dB softer. */
const UNDER_VOICE = 0.25;

export class TonePlayer {
  readonly #tone: Tone;
  readonly #decoder: OpusDecoder;
  readonly #loop: boolean;
  #index = 0;
  #level = 1;
  #state: 'playing' | 'stopping' | 'over' = 'playing';

  constructor(tone: Tone, decoder: OpusDecoder, loop: boolean) {
    this.#tone = tone;
    this.#decoder = decoder;
    this.#loop = loop;
  }

  /** Nothing comes any more. */
  get over(): boolean {
    return this.#state === 'over';
  }

  /** Fades out within the next frame. */
  stop(): void {
    if (this.#state === 'playing') this.#state = 'stopping';
  }

  /** The next 20 ms; undefined when it is over. */
  next(underVoice: boolean): Int32Array | undefined {
    const packet = this.#state === 'over' ? undefined : this.#tone.packets[this.#index];
    if (!packet) return undefined;
    this.#index += 1;
    if (this.#loop && this.#index === this.#tone.packets.length) this.#index = 0;
    const from = this.#level;
    this.#level = this.#state === 'stopping' ? 0 : underVoice ? UNDER_VOICE : 1;
    if (this.#state === 'stopping' || this.#index === this.#tone.packets.length) this.#state = 'over';
    return ramp(this.#decoder.decode(packet), from, this.#level);
  }
}
