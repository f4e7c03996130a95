/**
 * Where the RTP time of an outgoing stream stands on the wall clock. Over silence RTP time goes on, and the delay that a mix adds is
 * taken back at the next pass-through instead of adding up. Pure.
 */
import { SAMPLE_RATE } from '../audio/packet.ts';
import { addTimestamp, timestampDistance } from '../audio/rtp.ts';

const SAMPLES_PER_MS = SAMPLE_RATE / 1000;

export class OutputLine {
  /** An instant and the RTP time that it stands for. */
  #origin: { at: number; timestamp: number } | undefined;
  #settled = false;

  /**
   * Takes note of what goes out. The first packet ties both clocks, and may be late; the earliest of the first spurt tells better.
   * Later the tie stands still: it would run ahead of the wall clock by each first packet that is late.
   */
  sent(timestamp: number, now: number): void {
    if (this.#settled) return;
    const at = this.#origin ? now - timestampDistance(this.#origin.timestamp, timestamp) / SAMPLES_PER_MS : now;
    if (!this.#origin) this.#origin = { at, timestamp };
    else if (at < this.#origin.at) this.#origin.at = at;
  }

  /** The first spurt is over. */
  settle(): void {
    this.#settled = this.#origin !== undefined;
  }

  /** How far an RTP time is behind an instant, in samples; negative when it is ahead. */
  behind(timestamp: number, at: number): number {
    if (!this.#origin) return 0;
    const samples = Math.round((at - this.#origin.at) * SAMPLES_PER_MS);
    return timestampDistance(timestamp, addTimestamp(this.#origin.timestamp, samples));
  }
}
