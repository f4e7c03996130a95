/** One person who may be heard through a bridge: are they speaking, and, while mixing, what is their next frame. */
import type { OpusDecoder } from '../audio/opus-codec.ts';
import { FRAME_SAMPLES, type VoicePacket } from '../audio/packet.ts';
import { sequenceDistance, timestampDistance } from '../audio/rtp.ts';
import { isOneFrame, isSilence, lossFrame } from '../audio/toc.ts';

/** No packet for so long, and no silence frame either: the spurt is over. ms. */
export const SPURT_TIMEOUT_MS = 300;
/** Packets kept to warm a decoder up when mixing starts in mid-speech: 160 ms, after which the decoder's state has converged. */
const HISTORY_PACKETS = 8;
/** Packets that wait before the first is played, when a speaker starts into a running mix: 40 ms against jitter. */
const START_DEPTH = 2;
/** Over this depth (80 ms) the oldest packet is skipped: delay must not grow with the sender's clock. */
const MAX_DEPTH = 4;
/** So many frames are concealed in a row when packets stay away; then silence. */
const MAX_CONCEALED = 3;
/** A jump over this many frames is a pause, not loss. */
const MAX_LOSS_FRAMES = 5;

export interface SpeakerCounters {
  concealed: number;
  skipped: number;
  undecodable: number;
}

export class Speaker {
  readonly legId: string;
  readonly userId: string;
  readonly #createDecoder: () => OpusDecoder;
  readonly #counters: SpeakerCounters;
  /** In a spurt: voice has come and no silence frame since. */
  speaking = false;
  lastArrivedAt = 0;

  #ssrc = -1;
  #lastSequence = 0;
  #history: VoicePacket[] = [];
  #queue: VoicePacket[] = [];
  #decoder: OpusDecoder | undefined;
  #nextTimestamp: number | undefined;
  #started = false;
  #concealed = 0;
  #lastDecoded: Uint8Array | undefined;

  constructor(legId: string, userId: string, createDecoder: () => OpusDecoder, counters: SpeakerCounters) {
    this.legId = legId;
    this.userId = userId;
    this.#createDecoder = createDecoder;
    this.#counters = counters;
  }

  /** Is the speaker part of a running mix? */
  get mixing(): boolean {
    return this.#decoder !== undefined;
  }

  /** Nothing left to play and not speaking. */
  get drained(): boolean {
    return !this.speaking && this.#queue.length === 0;
  }

  /**
   * Takes note of a packet. `fresh` is false for late and duplicate ones, which are not passed through; `starts` is true for
   * the first voice of a spurt.
   */
  take(packet: VoicePacket): { fresh: boolean; starts: boolean } {
    const sameStream = packet.ssrc === this.#ssrc;
    const fresh = !sameStream || sequenceDistance(this.#lastSequence, packet.sequence) > 0;
    if (!sameStream) {
      this.#ssrc = packet.ssrc;
      this.#history = [];
      this.#queue = [];
      this.#nextTimestamp = undefined;
    }
    if (this.mixing) this.#enqueue(packet);
    if (!fresh) return { fresh, starts: false };
    this.#lastSequence = packet.sequence;
    this.lastArrivedAt = packet.arrivedAt;
    this.#history.push(packet);
    if (this.#history.length > HISTORY_PACKETS) this.#history.shift();
    if (isSilence(packet.opus)) {
      this.speaking = false;
      return { fresh, starts: false };
    }
    const starts = !this.speaking;
    this.speaking = true;
    return { fresh, starts };
  }

  /** Ends a spurt whose silence frames were lost. */
  timeOut(now: number): void {
    if (this.speaking && now - this.lastArrivedAt > SPURT_TIMEOUT_MS) this.speaking = false;
  }

  /**
   * Joins a mix. A speaker in mid-spurt whose packets were passed through until now continues with the next packet, on a
   * decoder warmed up with the last ones; a speaker who just starts waits until two packets are there.
   */
  startMixing(passedThrough: boolean): void {
    if (this.mixing) return;
    this.#decoder = this.#createDecoder();
    this.#queue = [];
    this.#concealed = 0;
    this.#started = passedThrough;
    this.#nextTimestamp = undefined;
    const last = this.#history.at(-1);
    if (!last) return;
    if (passedThrough) {
      for (const { opus } of this.#history) this.#decode(opus);
      this.#nextTimestamp = (last.timestamp + FRAME_SAMPLES) >>> 0;
    } else {
      this.#enqueue(last);
    }
  }

  stopMixing(): void {
    this.#decoder = undefined;
    this.#queue = [];
  }

  /** The next 20 ms of this speaker for the mix; undefined = silence. */
  nextFrame(): Int16Array | undefined {
    if (!this.#started) {
      if (this.#queue.length < START_DEPTH && this.speaking) return undefined;
      this.#started = true;
    }
    if (this.#queue.length > MAX_DEPTH) {
      this.#queue.shift();
      this.#counters.skipped += 1;
      this.#nextTimestamp = undefined;
    }
    const [head] = this.#queue;
    if (!head) return this.#underrun();
    const ahead = this.#nextTimestamp === undefined ? 0 : timestampDistance(this.#nextTimestamp, head.timestamp);
    if (ahead > 0 && ahead <= MAX_LOSS_FRAMES * FRAME_SAMPLES && this.#nextTimestamp !== undefined) {
      this.#nextTimestamp = (this.#nextTimestamp + FRAME_SAMPLES) >>> 0;
      return this.#conceal();
    }
    this.#queue.shift();
    this.#nextTimestamp = (head.timestamp + FRAME_SAMPLES) >>> 0;
    this.#concealed = 0;
    if (isSilence(head.opus)) {
      // The next spurt waits for its two packets again.
      this.#started = false;
      return undefined;
    }
    return this.#decode(head.opus);
  }

  /** The queue ran dry in mid-spurt: conceal without moving on, so that the late packet is still played, 20 ms later. */
  #underrun(): Int16Array | undefined {
    if (!this.speaking || this.#concealed >= MAX_CONCEALED) return undefined;
    return this.#conceal();
  }

  #conceal(): Int16Array | undefined {
    this.#concealed += 1;
    this.#counters.concealed += 1;
    return this.#lastDecoded ? this.#decode(lossFrame(this.#lastDecoded)) : undefined;
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

  /** Puts a packet in its place by RTP time; what was played already, or is there already, is dropped. */
  #enqueue(packet: VoicePacket): void {
    if (this.#nextTimestamp !== undefined && timestampDistance(this.#nextTimestamp, packet.timestamp) < 0) return;
    let index = this.#queue.length;
    while (index > 0) {
      const distance = timestampDistance(this.#queue[index - 1]?.timestamp ?? 0, packet.timestamp);
      if (distance === 0) return;
      if (distance > 0) break;
      index -= 1;
    }
    this.#queue.splice(index, 0, packet);
  }
}
