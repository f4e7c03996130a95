/**
 * Where on the session's timeline a packet lies.
 *
 * RTP time tells exact distances inside a stream but not where it stands; arrival tells where, with jitter on top, which only
 * ever delays. So a stream is anchored by the sliding minimum of (arrival − RTP time): the least delayed packet of the window.
 * The anchor moves only between spurts: inside one, RTP alone decides, and audio is never stretched.
 *
 * A packet is taken note of when it comes and placed when it is written, some 200 ms later: what came meanwhile tells whether the
 * first packet of a spurt was late.
 */
import { EarliestLine } from './earliest-line.ts';
import { SAMPLE_RATE } from './packet.ts';
import { RtpUnwrapper } from './rtp.ts';

const SAMPLES_PER_MS = SAMPLE_RATE / 1000;
/** A jump of RTP time over this much is the start of a new spurt. */
const SPURT_GAP_SAMPLES = 100 * SAMPLES_PER_MS;

export interface ObservedPacket {
  /** Sequence number without wrap, of this SSRC. */
  sequence: number;
  /** RTP time without wrap, in samples. */
  timestamp: number;
  startsSpurt: boolean;
}

export class TrackClock {
  readonly #timeZero: number;
  readonly #unwrapper = new RtpUnwrapper();
  readonly #line = new EarliestLine(SAMPLES_PER_MS);
  #anchor: number | undefined;
  #lastTimestamp: number | undefined;

  /** @param timeZero ms since the epoch, on the clock that stamps arrivals. */
  constructor(timeZero: number) {
    this.#timeZero = timeZero;
  }

  /** Takes note of a packet of this SSRC. Call in order of arrival. */
  observe(packet: { sequence: number; timestamp: number; arrivedAt: number }): ObservedPacket {
    const { sequence, timestamp } = this.#unwrapper.unwrap(packet);
    const arrival = (packet.arrivedAt - this.#timeZero) * SAMPLES_PER_MS;
    const restarts = this.#line.observe(packet.arrivedAt, arrival - timestamp);
    const last = this.#lastTimestamp;
    const startsSpurt = restarts || last === undefined || timestamp - last > SPURT_GAP_SAMPLES;
    if (restarts || last === undefined || timestamp > last) this.#lastTimestamp = timestamp;
    return { sequence, timestamp, startsSpurt };
  }

  /**
   * Places an observed packet: samples at 48 kHz from time zero; negative when it was spoken before. Call in the order in which the
   * packets were sent.
   */
  place({ timestamp, startsSpurt }: ObservedPacket): number {
    if (startsSpurt || this.#anchor === undefined) this.#anchor = this.#line.least ?? 0;
    return timestamp + this.#anchor;
  }
}
