/** From placed packets to the packets of a chunk: one for each 20 ms, silence and loss written out. Pure. */
import { SILENCE_FRAME } from '../../audio/packet.ts';
import { lossFrame } from '../../audio/toc.ts';
import type { PlacedPacket } from '../timeline/placement.ts';

/** A hole of more frames than this is not filled with concealment: nobody conceals a second. */
const MAX_LOSS_FRAMES = 50;

export interface ChunkFrames {
  /** One packet for each 20 ms from the first frame of the chunk to its end. */
  packets: Uint8Array[];
  lostPackets: number;
  shifts: [index: number, shift: number][];
}

/**
 * Players ignore gaps of the granule position, so that every 20 ms have their packet: as received, as loss (which a decoder conceals)
 * or as silence.
 *
 * @param placed in order of their frames, none twice
 */
export function chunkFrames(placed: readonly PlacedPacket[], firstFrame: number, endFrame: number): ChunkFrames {
  const packets: Uint8Array[] = [];
  const shifts: [number, number][] = [];
  let lostPackets = 0;
  let before: PlacedPacket | undefined;
  for (const packet of placed) {
    lostPackets += packet.lostBefore;
    const index = packet.frame - firstFrame;
    const hole = index - packets.length;
    // Inside a spurt a hole with lost packets is loss; any other is silence that the sender did not send.
    const isLoss = packet.lostBefore > 0 && !packet.startsSpurt && hole <= MAX_LOSS_FRAMES;
    const filler = isLoss ? lossFrame(before?.opus ?? packet.opus) : SILENCE_FRAME;
    while (packets.length < index) packets.push(filler);
    packets.push(packet.opus);
    if (shifts.at(-1)?.[1] !== packet.shift) shifts.push([index, packet.shift]);
    before = packet;
  }
  while (packets.length < endFrame - firstFrame) packets.push(SILENCE_FRAME);
  return { packets, lostPackets, shifts };
}
