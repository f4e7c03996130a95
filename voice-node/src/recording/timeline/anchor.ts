/** Where a stream's RTP time stands on the session's timeline, at the start of a spurt. */
import { SAMPLE_RATE } from '../../audio/packet.ts';

/** A packet on the counters of its stream, without wrap. */
export interface TimedPacket {
  ssrc: number;
  sequence: number;
  /** RTP time, samples. */
  timestamp: number;
  /** Samples from time zero. */
  arrival: number;
  opus: Uint8Array;
}

/** Arrival of a packet and its (arrival − RTP time), in samples. */
export type Offset = [arrival: number, offset: number];

/** A packet counts for the anchors of so much time before and after it. Longer hides jitter better, shorter follows drift better (200 ppm = 2 ms in 10 s). */
export const WINDOW_SAMPLES = 10 * SAMPLE_RATE;
/**
 * A spurt whose least delayed packet is so far from that of its neighbour has another clock: senders exist whose RTP time stands
 * still in silence. 100 ms; jitter of a whole spurt is less.
 */
const RESET_SAMPLES = SAMPLE_RATE / 10;

const offsetOf = ({ arrival, timestamp }: TimedPacket): number => arrival - timestamp;

/** The least offset of those in the window around an arrival; undefined: there is none. */
function least(offsets: Iterable<Offset>, around: number): number | undefined {
  let found: number | undefined;
  for (const [arrival, offset] of offsets) {
    if (Math.abs(arrival - around) <= WINDOW_SAMPLES && (found === undefined || offset < found)) found = offset;
  }
  return found;
}

function* offsetsOf(packets: readonly TimedPacket[]): Generator<Offset, void> {
  for (const packet of packets) yield [packet.arrival, offsetOf(packet)];
}

/**
 * Samples to add to the RTP time of a spurt.
 *
 * @param spurts of one stream, in order; none is empty
 * @param history offsets of the stream's packets before the first spurt
 */
export function anchorOf(
  spurts: readonly (readonly TimedPacket[])[],
  index: number,
  history: readonly Offset[],
): number {
  const own = spurts[index] ?? [];
  const around = own[0]?.arrival ?? 0;
  let anchor = least(offsetsOf(own), around) ?? 0;
  const reference = anchor;
  const consider = (offsets: Iterable<Offset>): boolean => {
    const other = least(offsets, around);
    if (other === undefined || Math.abs(other - reference) > RESET_SAMPLES) return false;
    anchor = Math.min(anchor, other);
    return true;
  };
  let before = index - 1;
  while (before >= 0 && consider(offsetsOf(spurts[before] ?? []))) before -= 1;
  if (before < 0) consider(history);
  let after = index + 1;
  while (after < spurts.length && consider(offsetsOf(spurts[after] ?? []))) after += 1;
  return anchor;
}
