/**
 * Where a stream stands: the least of (arrival − RTP time). Jitter, a busy machine and a stalled event loop only ever delay, so the
 * least delayed packet tells best. Pure; in ms.
 */
import { SlidingMinimum } from './sliding-minimum.ts';

/** How long a packet counts. Longer hides jitter better, shorter follows drift better (200 ppm = 2 ms in 10 s). ms. */
const WINDOW_MS = 10_000;
/** What was known before a longer silence counts still, less by this much: two clocks apart by 250 ppm. */
const DRIFT = 0.000_25;
/** Later than this after a silence, it was not the way that held the packet up: RTP time stood still in the pause. ms. */
const MOST_LATE_MS = 200;

export class EarliestLine {
  readonly #offsets = new SlidingMinimum(WINDOW_MS);
  #lastAt: number | undefined;

  /** Arrival − RTP time of a packet that nothing held up, in ms; undefined before the first. */
  get least(): number | undefined {
    return this.#offsets.least;
  }

  /**
   * Takes note of a packet. Call in order of arrival. True: what was known did not fit any more, and the line starts
   * anew, since RTP time stood still while nothing came.
   */
  observe(at: number, offset: number): boolean {
    const silence = at - (this.#lastAt ?? at);
    this.#lastAt = at;
    const expected = this.#expected(silence);
    const restarts = silence > MOST_LATE_MS && expected !== undefined && offset - expected > MOST_LATE_MS;
    if (restarts) this.#offsets.clear();
    else if (expected !== undefined && silence > WINDOW_MS) this.#offsets.add(at, expected);
    this.#offsets.add(at, offset);
    return restarts;
  }

  #expected(silence: number): number | undefined {
    const least = this.#offsets.least;
    if (least === undefined) return undefined;
    return silence > WINDOW_MS ? least + DRIFT * silence : least;
  }
}
