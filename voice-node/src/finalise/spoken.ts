/**
 * What a participant said, decoded, at its place to the sample: frames of 20 ms on a grid from time zero. Silence is not decoded and
 * not given: hours of it cost nothing.
 */

import { PRE_SKIP } from '../audio/ogg-opus.ts';
import { oggPackets } from '../audio/ogg-reader.ts';
import type { OpusCodec } from '../audio/opus-codec.ts';
import { FRAME_SAMPLES } from '../audio/packet.ts';
import { isSilence } from '../audio/toc.ts';
import { ontoGrid, type Piece, type SpokenFrame } from './grid.ts';
import { stayAt, type Track } from './tracks.ts';

/** Frames of silence that are decoded after speech: the decoder lets the last sound die away. */
const TAIL_FRAMES = 5;
const FULL_SCALE = 32_768;

/** Counts packets. */
export interface DecodeCounters {
  undecodable: number;
  /** Neither silence nor the place of a lost one. */
  spoken: number;
}

/** Somebody's chunks, and when they were there. */
type Spoken = Pick<Track, 'chunks' | 'stays'>;

function* pieces({ chunks, stays }: Spoken, codec: OpusCodec, counters: DecodeCounters): Generator<Piece> {
  let decoder = codec.createDecoder();
  let stay = 0;
  let tail = 0;
  for (const { path, firstSample, shifts } of chunks) {
    let frame = 0;
    let next = 0;
    let shift = 0;
    for (const packet of oggPackets(path)) {
      for (let entry = shifts[next]; entry && entry[0] <= frame; entry = shifts[next]) {
        shift = entry[1];
        next += 1;
      }
      const at = firstSample + frame * FRAME_SAMPLES;
      const current = stayAt(stays, at);
      // Who comes again begins to encode anew. And a stay sounds the same whether what was before it is there or not.
      if (current !== stay) [decoder, tail, stay] = [codec.createDecoder(), 0, current];
      const silent = isSilence(packet);
      tail = silent ? tail - 1 : TAIL_FRAMES;
      if (!silent && packet.length > 1) counters.spoken += 1;
      if (tail >= 0) {
        const pcm = decode(packet);
        // The encoder of the speaker delays by so much; players of the chunk take the same back.
        if (pcm) yield { at: at + shift - PRE_SKIP, pcm, scale: FULL_SCALE };
      }
      frame += 1;
    }
  }

  function decode(packet: Uint8Array): Int16Array | undefined {
    try {
      return decoder.decode(packet);
    } catch {
      // One bad packet is 20 ms of silence in the result and is listed in the report.
      counters.undecodable += 1;
      return undefined;
    }
  }
}

/**
 * The frames in which something was said, in order.
 *
 * @param origin samples from time zero to the start of the grid: with a delay behind it, what comes out of the delay lies on the grid
 */
export function spokenFrames(
  spoken: Spoken,
  codec: OpusCodec,
  origin = 0,
  counters: DecodeCounters = { undecodable: 0, spoken: 0 },
): Generator<SpokenFrame> {
  return ontoGrid(pieces(spoken, codec, counters), origin);
}
