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
  /** Packets whose RTP time lies before the end of the packet before them: a receiver would play them over each other. */
  overlaps?: number;
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

/** RTP time that jumps ahead by more than this is a pause: receivers tie what follows to the clock anew. Samples. */
const PAUSE = SAMPLE_RATE / 10;

/**
 * Decodes what was heard between two instants. Inside a spurt RTP time says where each packet lies, and its least delayed packet
 * where the spurt stands: arrival jitters, RTP time does not. Each spurt stands for itself, as in the jitter buffer of a receiver;
 * tied together for good, one spurt that was late as a whole would put all others too early, before their packets were there.
 * Lost packets are silence. Streams of several SSRCs are summed, as an ear would.
 */
export function decodeHeard(packets: readonly HeardPacket[], startAt: number, endAt: number): Timeline {
  const samples = new Float32Array(Math.max(0, Math.ceil(((endAt - startAt) * SAMPLE_RATE) / 1000)));
  let overlaps = 0;
  for (const ssrc of new Set(packets.map((packet) => packet.ssrc))) {
    const stream = inOrder(packets.filter((packet) => packet.ssrc === ssrc));
    overlaps += stream.filter(({ step }) => step < FRAME).length;
    addStream(samples, startAt, stream);
  }
  return { startAt, samples, overlaps };
}

interface OrderedPacket extends HeardPacket {
  /** RTP time since the packet before, in samples. */
  step: number;
}

/** By sequence number, each once, with the distance in RTP time from the one before. */
function inOrder(packets: readonly HeardPacket[]): OrderedPacket[] {
  let last = packets[0]?.sequence ?? 0;
  const numbered = new Map<number, HeardPacket>();
  for (const packet of packets) {
    const wide = last + (((packet.sequence - last) << 16) >> 16);
    last = Math.max(last, wide);
    if (!numbered.has(wide)) numbered.set(wide, packet);
  }
  const ordered = [...numbered].sort(([left], [right]) => left - right).map(([, packet]) => packet);
  return ordered.map((packet, index) => {
    const before = ordered[index - 1];
    return { ...packet, step: before ? (packet.timestamp - before.timestamp) | 0 : PAUSE + 1 };
  });
}

function addStream(samples: Float32Array, startAt: number, stream: readonly OrderedPacket[]): void {
  const decoder = new Decoder({ channels: 2, sample_rate: SAMPLE_RATE });
  const starts = stream.flatMap(({ step }, index) => (step > PAUSE ? [index] : []));
  for (const [number, from] of starts.entries()) {
    const spurt = stream.slice(from, starts[number + 1]);
    const position = (packet: HeardPacket) => (packet.timestamp - (spurt[0]?.timestamp ?? 0)) | 0;
    const arrival = (packet: HeardPacket) => ((packet.receivedAt - startAt) * SAMPLE_RATE) / 1000;
    const anchor = Math.round(
      spurt.reduce((least, packet) => Math.min(least, arrival(packet) - position(packet)), Infinity),
    );
    for (const packet of spurt) {
      const offset = anchor + position(packet);
      for (const [index, value] of decodeMono(decoder, packet.opus).entries()) {
        const at = offset + index;
        if (at >= 0 && at < samples.length) samples[at] = (samples[at] ?? 0) + value;
      }
    }
  }
}
