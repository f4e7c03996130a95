/**
 * What is said on one channel, cut into results: interim ones once a second, final ones at a pause, when asked, or after 5 s.
 * All times are audio time: seconds of audio received on the channel. No I/O.
 */
import { type HeardWord, Recogniser } from '../hearing/recogniser.ts';
import { HEARING_RATE, Resampler } from '../hearing/resampler.ts';
import type { SoundLibrary } from '../hearing/sound-library.ts';
import { type Frame, Framer, HOP_SAMPLES } from '../hearing/spectrogram.ts';
import { SpeechDetector } from './speech-detector.ts';

export interface ChannelOptions {
  /** Of the samples that come in, in Hz. */
  sampleRate: number;
  interimResults: boolean;
  /** ms of silence after speech that make a result final; `false`: none. */
  endpointing: number | false;
  /** ms without a word after which an utterance has ended. */
  utteranceEndMs?: number | undefined;
}

export interface TranscriptResult {
  kind: 'result';
  start: number;
  duration: number;
  words: HeardWord[];
  isFinal: boolean;
  speechFinal: boolean;
  fromFinalize: boolean;
}

export type TranscriptEvent =
  | TranscriptResult
  | { kind: 'speechStarted'; at: number }
  | { kind: 'utteranceEnd'; lastWordEnd: number };

/** Interim results come after so much new audio. */
const INTERIM_S = 1;
/** A result is made final after so much audio at the latest. */
const LONGEST_S = 5;
/** A pause before the first word was made out must be this long, so that a sentence is not cut before it is understood. ms. */
const PAUSE_BEFORE_WORDS_MS = 400;

export class ChannelTranscript {
  readonly #options: ChannelOptions;
  readonly #resampler: Resampler;
  readonly #framer = new Framer();
  readonly #recogniser: Recogniser;
  readonly #speech = new SpeechDetector();
  #samples = 0;
  #frames = 0;
  /** Words heard since the last final result. */
  #words: HeardWord[] = [];
  #start = 0;
  #lastInterim = 0;
  #hadSpeech = false;
  #lastWordEnd: number | undefined;

  constructor(library: SoundLibrary, options: ChannelOptions) {
    this.#options = options;
    this.#resampler = new Resampler(options.sampleRate);
    this.#recogniser = new Recogniser(library);
  }

  /** Seconds of audio received. */
  get received(): number {
    return this.#samples / this.#options.sampleRate;
  }

  push(samples: Float32Array): TranscriptEvent[] {
    this.#samples += samples.length;
    return this.#framer.push(this.#resampler.push(samples)).flatMap((frame) => this.#hear(frame));
  }

  /** Makes everything final that was received; nothing when no audio came since the last final result. */
  finalize(): TranscriptResult | undefined {
    this.#recogniser.interrupt();
    if (this.received - this.#start < 0.001) return undefined;
    return { ...this.#final(this.received, true), fromFinalize: true };
  }

  #hear(frame: Frame): TranscriptEvent[] {
    this.#frames += 1;
    const now = (this.#frames * HOP_SAMPLES) / HEARING_RATE;
    const events: TranscriptEvent[] = [];
    this.#words.push(...this.#recogniser.push(frame));
    const begun = this.#speech.push(frame.level);
    if (begun) events.push({ kind: 'speechStarted', at: now });
    this.#hadSpeech ||= this.#speech.isSpeech;
    const ended = this.#utteranceEnd(now);
    if (this.#isPause()) events.push(this.#final(now, true));
    else if (now - this.#start >= LONGEST_S) events.push(this.#final(now, false));
    else if (this.#options.interimResults && now - Math.max(this.#lastInterim, this.#start) >= INTERIM_S) {
      this.#lastInterim = now;
      const words = [...this.#words];
      const duration = now - this.#start;
      events.push({
        kind: 'result',
        start: this.#start,
        duration,
        words,
        isFinal: false,
        speechFinal: false,
        fromFinalize: false,
      });
    }
    if (ended) events.push(ended);
    return events;
  }

  #isPause(): boolean {
    const { endpointing } = this.#options;
    if (endpointing === false || !this.#hadSpeech) return false;
    const needed = this.#words.length === 0 ? Math.max(endpointing, PAUSE_BEFORE_WORDS_MS) : endpointing;
    return this.#speech.silenceMs > needed;
  }

  #utteranceEnd(now: number): TranscriptEvent | undefined {
    this.#lastWordEnd = this.#words.at(-1)?.end ?? this.#lastWordEnd;
    const { utteranceEndMs } = this.#options;
    if (utteranceEndMs === undefined || this.#lastWordEnd === undefined) return undefined;
    if ((now - this.#lastWordEnd) * 1000 < utteranceEndMs) return undefined;
    const lastWordEnd = this.#lastWordEnd;
    this.#lastWordEnd = undefined;
    return { kind: 'utteranceEnd', lastWordEnd };
  }

  #final(now: number, speechFinal: boolean): TranscriptResult {
    const [start, words] = [this.#start, this.#words];
    this.#start = now;
    this.#words = [];
    this.#hadSpeech = false;
    return { kind: 'result', start, duration: now - start, words, isFinal: true, speechFinal, fromFinalize: false };
  }
}
