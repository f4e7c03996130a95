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
  #last: { sequence: number; timestamp: number; wide: { sequence: number; timestamp: number } } | undefined;

  /** The counters of a packet without wrap; the first packet keeps its own numbers. */
  unwrap(packet: { sequence: number; timestamp: number }): { sequence: number; timestamp: number } {
    const last = this.#last;
    const wide = last
      ? {
          sequence: last.wide.sequence + sequenceDistance(last.sequence, packet.sequence),
          timestamp: last.wide.timestamp + timestampDistance(last.timestamp, packet.timestamp),
        }
      : { sequence: packet.sequence, timestamp: packet.timestamp };
    if (!last || wide.sequence > last.wide.sequence) {
      this.#last = { sequence: packet.sequence, timestamp: packet.timestamp, wide };
    }
    return wide;
  }
}
