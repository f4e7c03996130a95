/** One person who may be heard through a bridge: are they speaking, and, while mixing, what is their next frame. */

import { EarliestLine } from '../audio/earliest-line.ts';
import { crossFade, isQuiet, ramp, type Sound } from '../audio/fade.ts';
import type { OpusDecoder } from '../audio/opus-codec.ts';
import { SAMPLE_RATE, type VoicePacket } from '../audio/packet.ts';
import { RtpUnwrapper, sequenceDistance } from '../audio/rtp.ts';
import { isOneFrame, isSilence, lossFrame } from '../audio/toc.ts';
import { JitterBuffer, MOST_CONCEALED } from './jitter-buffer.ts';

/** No packet for so long, and no silence frame either: the spurt is over. ms. */
export const SPURT_TIMEOUT_MS = 300;
/** Packets kept to warm a decoder up when mixing starts in mid-speech: 160 ms, after which the decoder's state has converged. */
const HISTORY_PACKETS = 8;
const SAMPLES_PER_MS = SAMPLE_RATE / 1000;
/** What comes after a fade-out fades in over 5 ms. Samples. */
const FADE_IN_SAMPLES = 240;

export interface SpeakerCounters {
  concealed: number;
  skipped: number;
  undecodable: number;
}

export interface SpeakerOptions {
  legId: string;
  userId: string;
  createDecoder(): OpusDecoder;
  counters: SpeakerCounters;
  /** False: silence takes the place of what is lost. For measurements. */
  conceal: boolean;
}

export class Speaker {
  readonly legId: string;
  readonly userId: string;
  readonly #createDecoder: () => OpusDecoder;
  readonly #counters: SpeakerCounters;
  readonly #conceals: boolean;
  /** In a spurt: voice has come and no silence frame since. */
  speaking = false;
  lastArrivedAt = 0;
  /** When voice, not silence, came last. */
  lastVoiceAt = -Infinity;
  /** When the packet arrived that the mix's present frame was made of; undefined: it was made of none. */
  playedArrivedAt: number | undefined;
  /** 0…2; 1 is as spoken. A change is heard in mixes only, as a swell over one frame. */
  volume = 1;

  #ssrc = -1;
  #lastSequence = 0;
  #history: VoicePacket[] = [];
  #buffer = new JitterBuffer();
  #unwrapper = new RtpUnwrapper();
  #line = new EarliestLine();
  #rtpTime = 0;
  #decoder: OpusDecoder | undefined;
  #lastDecoded: Uint8Array | undefined;
  /** Gain at the end of the frame before: below 1 after a concealed run. */
  #level = 1;
  #lastVolume = 1;

  constructor({ legId, userId, createDecoder, counters, conceal }: SpeakerOptions) {
    this.legId = legId;
    this.userId = userId;
    this.#createDecoder = createDecoder;
    this.#counters = counters;
    this.#conceals = conceal;
  }

  /** Is the speaker part of a running mix? */
  get mixing(): boolean {
    return this.#decoder !== undefined;
  }

  /** Nothing left to play and not speaking. */
  get drained(): boolean {
    return !this.speaking && !this.#buffer.hasVoice;
  }

  /**
   * Takes note of a packet. `fresh` is false for late and duplicate ones, which are not passed through; `kept` says whether it
   * has a place in a mix; `starts` is true for the first voice of a spurt.
   */
  take(packet: VoicePacket): { fresh: boolean; kept: boolean; starts: boolean } {
    const sameStream = packet.ssrc === this.#ssrc;
    if (!sameStream) {
      this.#ssrc = packet.ssrc;
      this.#history = [];
      this.#buffer = new JitterBuffer();
      this.#unwrapper = new RtpUnwrapper();
      this.#line = new EarliestLine();
    }
    const fresh = !sameStream || sequenceDistance(this.#lastSequence, packet.sequence) > 0;
    const starts = fresh && !this.speaking && !isSilence(packet.opus);
    this.#buffer.observe(packet, starts);
    const kept = this.mixing && this.#buffer.put(packet);
    if (!fresh) return { fresh, kept, starts };
    this.#lastSequence = packet.sequence;
    this.lastArrivedAt = packet.arrivedAt;
    this.#rtpTime = this.#unwrapper.unwrap(packet).timestamp / SAMPLES_PER_MS;
    this.#line.observe(packet.arrivedAt, packet.arrivedAt - this.#rtpTime);
    this.#history.push(packet);
    if (this.#history.length > HISTORY_PACKETS) this.#history.shift();
    this.speaking = !isSilence(packet.opus);
    if (this.speaking) this.lastVoiceAt = packet.arrivedAt;
    return { fresh, kept, starts };
  }

  /** When the packet just taken would have come if nothing had held it up, as far as the earlier ones tell. */
  get dueAt(): number {
    return this.#rtpTime + (this.#line.least ?? 0);
  }

  /** Ends a spurt whose silence frames were lost. */
  timeOut(now: number): void {
    if (this.speaking && now - this.lastArrivedAt > SPURT_TIMEOUT_MS) this.speaking = false;
  }

  /**
   * Joins a mix. A speaker in mid-spurt whose packets were passed through until now continues with the next packet, on a
   * decoder warmed up with the last ones; a speaker who just starts waits as long as jitter asks for.
   */
  startMixing(passedThrough: boolean): void {
    if (this.mixing) return;
    this.#decoder = this.#createDecoder();
    this.#level = 1;
    this.#lastVolume = this.volume;
    this.#buffer.clear();
    const last = this.#history.at(-1);
    if (!last) return;
    if (passedThrough) {
      for (const { opus } of this.#history) this.#decode(opus);
      this.#buffer.continueAfter(last);
    } else {
      this.#buffer.put(last);
    }
  }

  stopMixing(): void {
    this.#decoder = undefined;
    this.#buffer.clear();
  }

  /** A tick was left out after a stall: what this speaker said in it is not heard. */
  leaveOut(): void {
    if (this.mixing) this.#buffer.leaveOut();
  }

  /** The next 20 ms of this speaker for the mix; undefined = silence. */
  nextFrame(now: number): Sound | undefined {
    const before = this.#buffer.skipped;
    const step = this.#buffer.next(now, this.speaking);
    const frame = this.#frameOf(step, now);
    this.playedArrivedAt = step.kind === 'play' || step.kind === 'hurry' ? this.#buffer.playedArrivedAt : undefined;
    this.#counters.skipped += this.#buffer.skipped - before;
    const from = this.#lastVolume;
    this.#lastVolume = this.volume;
    return frame && (from !== 1 || this.volume !== 1) ? ramp(frame, from, this.volume) : frame;
  }

  #frameOf(step: ReturnType<JitterBuffer['next']>, now: number): Sound | undefined {
    if (step.kind === 'silence') return undefined;
    if (step.kind === 'conceal') return this.#conceal(step.run);
    if (step.kind === 'hurry') {
      const [from, to] = [this.#decode(step.from), this.#decode(step.to)];
      return this.#fadeIn(from && to ? crossFade(from, to) : to);
    }
    const frame = this.#decode(step.opus);
    const instead = frame && isQuiet(frame) ? this.#buffer.instead(now) : undefined;
    return this.#fadeIn(instead ? this.#decode(instead) : frame);
  }

  /** The decoder's own guess: the first whole, the run then fading out, so that no voice hums on. */
  #conceal(run: number): Sound | undefined {
    this.#counters.concealed += 1;
    if (!this.#conceals) return undefined;
    const from = this.#level;
    this.#level = 1 - Math.min(1, run / (MOST_CONCEALED - 1));
    const frame = this.#lastDecoded ? this.#decode(lossFrame(this.#lastDecoded)) : undefined;
    return frame && ramp(frame, from, this.#level);
  }

  #fadeIn(frame: Int16Array | undefined): Sound | undefined {
    const from = this.#level;
    this.#level = 1;
    return frame && from < 1 ? ramp(frame, from, 1, FADE_IN_SAMPLES) : frame;
  }

  #decode(opus: Uint8Array): Int16Array | undefined {
    if (!isOneFrame(opus)) {
      this.#counters.undecodable += 1;
      return undefined;
    }
    try {
      const frame = this.#decoder?.decode(opus);
      this.#lastDecoded = opus;
      return frame;
    } catch {
      // One bad packet of one sender must not stop the mix of the others; it is counted and heard as silence.
      this.#counters.undecodable += 1;
      return undefined;
    }
  }
}
