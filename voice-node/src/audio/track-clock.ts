/**
 * Where on the session's timeline a packet lies.
 *
 * RTP time tells exact distances inside a stream but not where it stands; arrival tells where, with jitter on top, which only
 * ever delays. So a stream is anchored by the sliding minimum of (arrival − RTP time): the least delayed packet of the window.
 * The anchor moves only between spurts: inside one, RTP alone decides, and audio is never stretched.
 */
import { SAMPLE_RATE } from './packet.ts';
import { RtpUnwrapper } from './rtp.ts';
import { SlidingMinimum } from './sliding-minimum.ts';

const SAMPLES_PER_MS = SAMPLE_RATE / 1000;
/** How long a packet counts for the minimum. Longer hides jitter better, shorter follows drift better (200 ppm = 2 ms in 10 s). */
const WINDOW_MS = 10_000;
/** A jump of RTP time over this much is the start of a new spurt. */
const SPURT_GAP_SAMPLES = 100 * SAMPLES_PER_MS;

export interface PlacedPacket {
  /** Samples at 48 kHz from time zero; negative when it was spoken before. */
  position: number;
  /** Sequence number without wrap, of this SSRC. */
  sequence: number;
  startsSpurt: boolean;
}

export class TrackClock {
  readonly #timeZero: number;
  readonly #unwrapper = new RtpUnwrapper();
  readonly #offsets = new SlidingMinimum(WINDOW_MS);
  #anchor: number | undefined;
  #lastTimestamp: number | undefined;

  /** @param timeZero ms since the epoch, on the clock that stamps arrivals. */
  constructor(timeZero: number) {
    this.#timeZero = timeZero;
  }

  /** Places a packet of this SSRC. Call in order of arrival. */
  place(packet: { sequence: number; timestamp: number; arrivedAt: number }): PlacedPacket {
    const { sequence, timestamp } = this.#unwrapper.unwrap(packet);
    const arrival = (packet.arrivedAt - this.#timeZero) * SAMPLES_PER_MS;
    this.#offsets.add(packet.arrivedAt, arrival - timestamp);
    const last = this.#lastTimestamp;
    const startsSpurt = last === undefined || timestamp - last > SPURT_GAP_SAMPLES;
    if (startsSpurt || this.#anchor === undefined) this.#anchor = this.#offsets.least ?? arrival - timestamp;
    if (last === undefined || timestamp > last) this.#lastTimestamp = timestamp;
    return { position: timestamp + this.#anchor, sequence, startsSpurt };
  }
}
