/** Who speaks in a channel, from packets alone: op 5 tells of the start only. */
import type { VoicePacket } from '../audio/packet.ts';
import { isSilence } from '../audio/toc.ts';

/** No packet for so long = stopped. Milliseconds. */
const QUIET_MS = 200;

export class SpeakingTracker {
  readonly #lastAt = new Map<string, number>();
  readonly #changed: (userId: string, speaking: boolean) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(changed: (userId: string, speaking: boolean) => void) {
    this.#changed = changed;
  }

  packet({ userId, arrivedAt, opus }: VoicePacket): void {
    if (isSilence(opus)) return;
    const speaking = this.#lastAt.has(userId);
    this.#lastAt.set(userId, arrivedAt);
    if (!speaking) this.#changed(userId, true);
    this.#timer ??= setTimeout(() => this.#look(arrivedAt), QUIET_MS);
  }

  /** Everybody stops: the leg closes. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const userId of [...this.#lastAt.keys()]) this.#stop(userId);
  }

  #look(oldest: number): void {
    this.#timer = undefined;
    // The timer's own interval is the measure; `arrivedAt` of the newest packets decides who goes on.
    let next = Number.POSITIVE_INFINITY;
    const at = Math.max(oldest + QUIET_MS, performance.timeOrigin + performance.now());
    for (const [userId, lastAt] of [...this.#lastAt]) {
      if (at - lastAt >= QUIET_MS) this.#stop(userId);
      else next = Math.min(next, lastAt);
    }
    if (next < Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(() => this.#look(next), Math.max(10, next + QUIET_MS - at));
    }
  }

  #stop(userId: string): void {
    this.#lastAt.delete(userId);
    this.#changed(userId, false);
  }
}
