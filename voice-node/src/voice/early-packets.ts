/**
 * Holds packets of an SSRC that no op 5 has named yet: op 5 travels by websocket, RTP by UDP, and the first packets of a
 * speaker often win the race. Pure.
 */
export const HOLD_MS = 2_000;
/** 2 s of one speaker. */
const PACKETS_PER_SSRC = 100;
const SSRCS = 64;

export interface EarlyPacket {
  datagram: Buffer;
  arrivedAt: number;
}

export class EarlyPackets {
  readonly #held = new Map<number, EarlyPacket[]>();
  /** Packets given up: too old or too many. */
  dropped = 0;

  hold(ssrc: number, packet: EarlyPacket): void {
    this.#expire(packet.arrivedAt);
    let queue = this.#held.get(ssrc);
    if (!queue) {
      if (this.#held.size >= SSRCS) {
        this.dropped += 1;
        return;
      }
      queue = [];
      this.#held.set(ssrc, queue);
    }
    queue.push(packet);
    if (queue.length > PACKETS_PER_SSRC) {
      queue.shift();
      this.dropped += 1;
    }
  }

  /** The packets of an SSRC that is known now, oldest first, without those older than 2 s. */
  take(ssrc: number, now: number): EarlyPacket[] {
    this.#expire(now);
    const queue = this.#held.get(ssrc) ?? [];
    this.#held.delete(ssrc);
    return queue;
  }

  #expire(now: number): void {
    for (const [ssrc, queue] of this.#held) {
      const fresh = queue.filter((packet) => now - packet.arrivedAt <= HOLD_MS);
      this.dropped += queue.length - fresh.length;
      if (fresh.length === 0) this.#held.delete(ssrc);
      else this.#held.set(ssrc, fresh);
    }
  }
}
