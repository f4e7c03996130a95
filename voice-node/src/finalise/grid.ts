/** Puts pieces of sound that lie anywhere onto a grid of 20 ms, to the sample. */
import { FRAME_VALUES } from '../audio/opus-codec.ts';
import { FRAME_SAMPLES } from '../audio/packet.ts';

/** 20 ms of interleaved stereo; 1 is full scale. Its first sample lies `index` × 960 samples from the origin. */
export interface SpokenFrame {
  index: number;
  pcm: Float32Array;
}

/** 20 ms of interleaved stereo, and where its first sample lies, from time zero. */
export interface Piece {
  at: number;
  pcm: Int16Array;
  /** Of full scale in `pcm`. */
  scale: number;
}

/**
 * The frames that the pieces touch, in order; where nothing lies there is no frame. Pieces that overlap are summed.
 *
 * @param pieces in order
 * @param origin samples from time zero to the start of the grid: with a delay behind it, what comes out of the delay lies on the
 * grid. What lies before it is left out.
 */
export function* ontoGrid(pieces: Iterable<Piece>, origin: number): Generator<SpokenFrame> {
  const open: SpokenFrame[] = [];
  for (const { at, pcm, scale } of pieces) {
    const start = at - origin;
    const factor = 1 / scale;
    const first = Math.floor(start / FRAME_SAMPLES);
    while (open[0] && open[0].index < first) {
      const done = open.shift();
      if (done && done.index >= 0) yield done;
    }
    for (const index of [first, first + 1]) {
      // How many values of the piece lie before the frame begins; negative: the piece begins inside the frame.
      const skip = 2 * (index * FRAME_SAMPLES - start);
      const to = Math.min(FRAME_VALUES, skip + FRAME_VALUES);
      const from = Math.max(0, skip);
      if (from >= to) continue;
      let frame = open.find((one) => one.index === index);
      if (!frame) {
        frame = { index, pcm: new Float32Array(FRAME_VALUES) };
        open.push(frame);
        open.sort((left, right) => left.index - right.index);
      }
      const into = frame.pcm;
      for (let value = from; value < to; value += 1)
        into[value - skip] = (into[value - skip] ?? 0) + (pcm[value] ?? 0) * factor;
    }
  }
  for (const frame of open) if (frame.index >= 0) yield frame;
}
