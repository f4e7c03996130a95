/** Several tracks in one: frames of the same place are summed. */
import { FRAME_VALUES } from '../audio/opus-codec.ts';
import type { SpokenFrame } from './grid.ts';

/** The sum of all tracks, in order; a frame in which nobody spoke is not given. */
export function* mix(tracks: readonly Generator<SpokenFrame>[]): Generator<SpokenFrame> {
  const heads = tracks.map((track) => ({ track, head: track.next() }));
  let speaking = heads.filter(({ head }) => !head.done);
  while (speaking.length > 0) {
    let index = Number.POSITIVE_INFINITY;
    for (const { head } of speaking) if (!head.done && head.value.index < index) index = head.value.index;
    const sum = new Float32Array(FRAME_VALUES);
    let ended = false;
    for (const one of speaking) {
      if (one.head.done || one.head.value.index !== index) continue;
      const { pcm } = one.head.value;
      for (let value = 0; value < FRAME_VALUES; value += 1) sum[value] = (sum[value] ?? 0) + (pcm[value] ?? 0);
      one.head = one.track.next();
      if (one.head.done) ended = true;
    }
    yield { index, pcm: sum };
    if (ended) speaking = speaking.filter(({ head }) => !head.done);
  }
}
