/** One SSRC of a participant: its counters without wrap, and what is remembered of it from chunk to chunk. */
import { SAMPLE_RATE, type VoicePacket } from '../../audio/packet.ts';
import { sequenceDistance, timestampDistance } from '../../audio/rtp.ts';
import { type Offset, type TimedPacket, WINDOW_SAMPLES } from './anchor.ts';

const SAMPLES_PER_MS = SAMPLE_RATE / 1000;

export interface StreamState {
  ssrc: number;
  /** The newest packet, on the wire's counters and without wrap. */
  newest: { sequence: number; timestamp: number; wideSequence: number; wideTimestamp: number };
  /** The newest packet that has its place. */
  placedSequence?: number | undefined;
  placedTimestamp?: number | undefined;
  /** Of the packets of the last seconds. */
  offsets: Offset[];
}

/** The packet on the counters of its stream, which is made at its first packet. */
export function unwrapInto(streams: Map<number, StreamState>, packet: VoicePacket, timeZero: number): TimedPacket {
  const { ssrc, sequence, timestamp, opus } = packet;
  let stream = streams.get(ssrc);
  if (!stream) {
    const newest = { sequence, timestamp, wideSequence: sequence, wideTimestamp: timestamp };
    stream = { ssrc, newest, offsets: [] };
    streams.set(ssrc, stream);
  }
  const { newest } = stream;
  const wideSequence = newest.wideSequence + sequenceDistance(newest.sequence, sequence);
  const wideTimestamp = newest.wideTimestamp + timestampDistance(newest.timestamp, timestamp);
  if (wideSequence > newest.wideSequence) stream.newest = { sequence, timestamp, wideSequence, wideTimestamp };
  const arrival = (packet.arrivedAt - timeZero) * SAMPLES_PER_MS;
  return { ssrc, sequence: wideSequence, timestamp: wideTimestamp, arrival, opus };
}

/** The stream as the next chunk finds it. */
export function streamAfter(stream: StreamState, packets: readonly TimedPacket[], now: number): StreamState {
  const recent = (arrival: number): boolean => now - arrival <= WINDOW_SAMPLES;
  const offsets = [
    ...stream.offsets.filter(([arrival]) => recent(arrival)),
    ...packets
      .filter(({ arrival }) => recent(arrival))
      .map(({ arrival, timestamp }): Offset => [arrival, arrival - timestamp]),
  ];
  return { ...stream, offsets };
}
