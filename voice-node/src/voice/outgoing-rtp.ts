/** Fits the RTP numbers of a sender to what went out before on this connection. Pure. */
const SEQUENCES = 0x1_0000;
const TIMESTAMPS = 0x1_0000_0000;
const FRAME = 960;

/**
 * A receiver takes a jump of sequence numbers for loss. The first packet of a sender continues where the connection stands
 * (the time that passed is kept in whole frames); from then on the sender's own deltas count.
 */
export class OutgoingRtp {
  #sequenceOffset = 0;
  #timestampOffset = 0;
  #fitted = false;
  #last: { sequence: number; timestamp: number; at: number };

  /** `sequence` and `timestamp`: the next ones of the connection, as the voice library has drawn them. */
  constructor(next: { sequence: number; timestamp: number; at: number }) {
    this.#last = next;
  }

  /** A new sender: its first packet is fitted to what went out so far. */
  newSender(): void {
    this.#fitted = false;
  }

  map(packet: { sequence: number; timestamp: number }, at: number): { sequence: number; timestamp: number } {
    if (!this.#fitted) {
      this.#fitted = true;
      const frames = Math.max(1, Math.round((at - this.#last.at) / 20));
      const sequence = (this.#last.sequence + 1) % SEQUENCES;
      const timestamp = (this.#last.timestamp + frames * FRAME) % TIMESTAMPS;
      this.#sequenceOffset = (sequence - packet.sequence + SEQUENCES) % SEQUENCES;
      this.#timestampOffset = (timestamp - packet.timestamp + TIMESTAMPS) % TIMESTAMPS;
    }
    const mapped = {
      sequence: (packet.sequence + this.#sequenceOffset) % SEQUENCES,
      timestamp: (packet.timestamp + this.#timestampOffset) % TIMESTAMPS,
    };
    this.#last = { ...mapped, at };
    return mapped;
  }
}
