/** Several tracks in one: frames of the same place are summed. */
import { FRAME_VALUES } from '../audio/opus-codec.ts';
import type { SpokenFrame } from './grid.ts';

/** The sum of all tracks, in order; a frame in which nobody spoke is not given. */
export async function* mix(tracks: readonly AsyncGenerator<SpokenFrame>[]): AsyncGenerator<SpokenFrame> {
  const heads = await Promise.all(tracks.map(async (track) => ({ track, head: await track.next() })));
  let speaking = heads.filter(({ head }) => !head.done);
  while (speaking.length > 0) {
    const index = Math.min(...speaking.map(({ head }) => (head.done ? Number.POSITIVE_INFINITY : head.value.index)));
    const sum = new Float32Array(FRAME_VALUES);
    for (const one of speaking) {
      if (one.head.done || one.head.value.index !== index) continue;
      const { pcm } = one.head.value;
      for (let value = 0; value < FRAME_VALUES; value += 1) sum[value] = (sum[value] ?? 0) + (pcm[value] ?? 0);
      one.head = await one.track.next();
    }
    yield { index, pcm: sum };
    speaking = speaking.filter(({ head }) => !head.done);
  }
}
