import type { Clock } from '../time/clock.ts';
import { samplesPerPacket } from './rtp.ts';

const packetMs = 20;

export interface MediaClockOptions {
  /** How much faster than real time this device runs, in parts per million. */
  skewPpm?: number;
  /** Offset of its frames within 20 ms: 0…20. */
  phaseMs?: number;
  /** RTP time of frame 0. */
  firstTimestamp?: number;
}

/**
 * The capture clock of one device: frames of 20 ms from a random phase at its own rate, numbered from 0. RTP time counts
 * samples, so it runs fast or slow with the device; it goes on through silence.
 */
export class MediaClock {
  readonly #clock: Clock;
  readonly #firstTimestamp: number;
  /** An instant and the frame that begins there; moved when the rate changes. */
  #originMs: number;
  #originFrame = 0;
  #frameMs: number;

  constructor(clock: Clock, options: MediaClockOptions = {}) {
    const { skewPpm = 0, phaseMs = 0, firstTimestamp = 0 } = options;
    this.#clock = clock;
    this.#originMs = clock.now() + phaseMs;
    this.#frameMs = packetMs / (1 + skewPpm / 1e6);
    this.#firstTimestamp = firstTimestamp;
  }

  /** The rate from now on, in parts per million. Frames that are due already keep their instants. */
  setSkew(ppm: number): void {
    const frame = this.frameAfter(this.#clock.now());
    this.#originMs = this.instantOf(frame);
    this.#originFrame = frame;
    this.#frameMs = packetMs / (1 + ppm / 1e6);
  }

  /** The first frame that begins at or after an instant of the clock. */
  frameAfter(instantMs: number): number {
    // What was computed from a frame's own instant must give that frame, whatever the rounding.
    return this.#originFrame + Math.ceil((instantMs - this.#originMs) / this.#frameMs - 1e-6);
  }

  instantOf(frame: number): number {
    return this.#originMs + (frame - this.#originFrame) * this.#frameMs;
  }

  timestampOf(frame: number): number {
    // Not by >>> alone: frames times samples may pass 2^53 only after centuries, but not 2^32 within a day.
    return ((this.#firstTimestamp + frame * samplesPerPacket) % 2 ** 32) >>> 0;
  }
}
