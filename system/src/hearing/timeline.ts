/** Turns the packets that a member heard into sound on a timeline, and clips into sound. One channel, 48 kHz, −1…1. */
import { Decoder } from '@evan/opus';

export const SAMPLE_RATE = 48_000;
const FRAME = 960;

export interface HeardPacket {
  ssrc: number;
  sequence: number;
  /** RTP timestamp, 32 bits. */
  timestamp: number;
  /** ms since the epoch. */
  receivedAt: number;
  opus: Uint8Array;
}

export interface Timeline {
  /** Instant of the first sample, ms since the epoch. */
  startAt: number;
  samples: Float32Array;
}

function decodeMono(decoder: Decoder, packet: Uint8Array): Float32Array {
  const bytes = Uint8Array.from(decoder.decode(packet));
  const pcm = new Int16Array(bytes.buffer);
  return Float32Array.from(
    { length: pcm.length / 2 },
    (_, index) => ((pcm[2 * index] ?? 0) + (pcm[2 * index + 1] ?? 0)) / 65_536,
  );
}

/** Decodes packets that follow each other without a gap, as a clip's do. */
export function decodePackets(packets: readonly Uint8Array[]): Float32Array {
  const decoder = new Decoder({ channels: 2, sample_rate: SAMPLE_RATE });
  const samples = new Float32Array(packets.length * FRAME);
  for (const [index, packet] of packets.entries()) samples.set(decodeMono(decoder, packet), index * FRAME);
  return samples;
}

/**
 * Decodes what was heard between two instants. Each SSRC lies where RTP time puts it, anchored by its least delayed packet:
 * arrival jitters, RTP time does not. Lost packets are silence. Streams of several SSRCs are summed, as an ear would.
 */
export function decodeHeard(packets: readonly HeardPacket[], startAt: number, endAt: number): Timeline {
  const samples = new Float32Array(Math.max(0, Math.ceil(((endAt - startAt) * SAMPLE_RATE) / 1000)));
  for (const ssrc of new Set(packets.map((packet) => packet.ssrc))) {
    addStream(
      samples,
      startAt,
      packets.filter((packet) => packet.ssrc === ssrc),
    );
  }
  return { startAt, samples };
}

function addStream(samples: Float32Array, startAt: number, packets: readonly HeardPacket[]): void {
  const [first] = packets;
  if (!first) return;
  const position = (packet: HeardPacket) => (packet.timestamp - first.timestamp) | 0;
  const arrival = (packet: HeardPacket) => ((packet.receivedAt - startAt) * SAMPLE_RATE) / 1000;
  const anchor = Math.round(
    packets.reduce((least, packet) => Math.min(least, arrival(packet) - position(packet)), Infinity),
  );
  const ordered = [...packets].sort((left, right) => position(left) - position(right));
  const decoder = new Decoder({ channels: 2, sample_rate: SAMPLE_RATE });
  for (const packet of ordered) {
    const frame = decodeMono(decoder, packet.opus);
    const offset = anchor + position(packet);
    for (const [index, value] of frame.entries()) {
      const at = offset + index;
      if (at >= 0 && at < samples.length) samples[at] = (samples[at] ?? 0) + value;
    }
  }
}
