/**
 * When a speaker's packets would arrive on a network without jitter: the line of the least delayed ones, and how far behind it
 * packets come now. Pure: RTP time and instants of arrival in, milliseconds out.
 */
import { SAMPLE_RATE } from '../audio/packet.ts';
import { SlidingMinimum } from '../audio/sliding-minimum.ts';

const SAMPLES_PER_MS = SAMPLE_RATE / 1000;
/** Long enough to meet a packet that nothing held up, short enough to follow a new route and a clock (200 ppm: 0.4 ms). */
const WINDOW_MS = 2_000;
/** More than this no buffer waits for: a stall says nothing about jitter. ms. */
const MOST_JITTER_MS = 60;
/** What was learned from one late packet is forgotten at this rate: 20 ms in five seconds. ms per ms. */
const FORGET = 0.004;

export class ArrivalLine {
  readonly #offsets = new SlidingMinimum(WINDOW_MS);
  #peak = 0;
  #peakAt = 0;

  /** Takes note of a packet; `timestamp` without wrap, in samples. */
  observe(timestamp: number, arrivedAt: number): void {
    this.#offsets.add(arrivedAt, arrivedAt - timestamp / SAMPLES_PER_MS);
    const lateness = this.age(timestamp, arrivedAt);
    const remembered = this.#peak - FORGET * (arrivedAt - this.#peakAt);
    this.#peak = Math.max(Math.min(lateness, MOST_JITTER_MS), remembered, 0);
    this.#peakAt = arrivedAt;
  }

  /** How long ago, at `now`, a packet of this RTP time would have come without jitter. ms; negative when it is not due yet. */
  age(timestamp: number, now: number): number {
    const offset = this.#offsets.least;
    return offset === undefined ? 0 : now - offset - timestamp / SAMPLES_PER_MS;
  }

  /** How late packets come: the latest one at once, less of it as time goes by. ms. */
  get jitter(): number {
    return this.#peak;
  }

  /** Forgets where the line was, as after a pause over which the sender's RTP time stood still. What jitter was stays. */
  reset(timestamp: number, arrivedAt: number): void {
    this.#offsets.clear();
    this.#offsets.add(arrivedAt, arrivedAt - timestamp / SAMPLES_PER_MS);
  }
}
