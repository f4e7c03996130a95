/** Decodes a track and decides the gain of each of its fragments. */
import { LIMITER_DELAY } from '../audio/limiter.ts';
import type { OpusCodec } from '../audio/opus-codec.ts';
import { FRAME_SAMPLES } from '../audio/packet.ts';
import { Envelope } from './envelope.ts';
import type { SpokenFrame } from './grid.ts';
import { type Level, type LoudnessGoal, levelOf } from './loudness-goal.ts';
import { type DecodeCounters, spokenFrames } from './spoken.ts';
import { stayAt, type Track } from './tracks.ts';

/** The frames of a track as the limiter wants them: what comes out of it lies on the grid. */
export function limitedInput(track: Track, codec: OpusCodec, counters?: DecodeCounters): Generator<SpokenFrame> {
  return spokenFrames(track.chunks, codec, LIMITER_DELAY, counters);
}

/** Which fragment of the track a frame is in. */
export const fragmentOf = (track: Track, index: number): number => stayAt(track.stays, index * FRAME_SAMPLES);

/** One level for each stay of the track. Calls `breathe` now and then. */
export async function measureTrack(
  track: Track,
  codec: OpusCodec,
  goal: LoudnessGoal,
  counters: DecodeCounters,
  breathe: () => Promise<void> | undefined,
): Promise<Level[]> {
  const envelopes = track.stays.map(() => new Envelope());
  for (const frame of limitedInput(track, codec, counters)) {
    envelopes[fragmentOf(track, frame.index)]?.add(frame);
    await breathe();
  }
  return envelopes.map((envelope) => levelOf(envelope, goal));
}
