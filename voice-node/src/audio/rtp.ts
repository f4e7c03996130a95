/** Arithmetic on RTP counters that wrap (RFC 3550 §5.1). */

/** Signed distance `to − from` of 16-bit sequence numbers: −32,768…32,767; positive = `to` is newer. */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** Signed distance `to − from` of 32-bit timestamps in samples. */
export function timestampDistance(from: number, to: number): number {
  return (to - from) | 0;
}

/** Adds to a 16-bit sequence number. */
export function addSequence(sequence: number, step: number): number {
  return (sequence + step) & 0xffff;
}

/** Adds to a 32-bit timestamp. */
export function addTimestamp(timestamp: number, step: number): number {
  return (timestamp + step) >>> 0;
}

/** Unwraps the sequence numbers and timestamps of one SSRC into counters that only the sender's order moves. */
export class RtpUnwrapper {
  // Plain numbers: this runs several times for each packet.
  #known = false;
  #sequence = 0;
  #timestamp = 0;
  #wideSequence = 0;
  #wideTimestamp = 0;

  /** The counters of a packet without wrap; the first packet keeps its own numbers. */
  unwrap(packet: { sequence: number; timestamp: number }): { sequence: number; timestamp: number } {
    const { sequence, timestamp } = packet;
    const wide = this.#known
      ? {
          sequence: this.#wideSequence + sequenceDistance(this.#sequence, sequence),
          timestamp: this.#wideTimestamp + timestampDistance(this.#timestamp, timestamp),
        }
      : { sequence, timestamp };
    if (!this.#known || wide.sequence > this.#wideSequence) {
      this.#known = true;
      this.#sequence = sequence;
      this.#timestamp = timestamp;
      this.#wideSequence = wide.sequence;
      this.#wideTimestamp = wide.timestamp;
    }
    return wide;
  }
}
