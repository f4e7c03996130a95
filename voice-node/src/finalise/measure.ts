/** Decodes a track and decides the gain of each of its fragments. */
import { LIMITER_DELAY } from '../audio/limiter.ts';
import type { OpusCodec } from '../audio/opus-codec.ts';
import { FRAME_SAMPLES } from '../audio/packet.ts';
import type { SpokenFrame } from './grid.ts';
import { GapMeter, gainsToTry, type Level, type LoudnessGoal, levelOf, needsLimiter, Trial } from './loudness-goal.ts';
import { type DecodeCounters, spokenFrames } from './spoken.ts';
import { stayAt, type Track } from './tracks.ts';

/** The frames of a track as the limiter wants them: what comes out of it lies on the grid. */
export function limitedInput(track: Track, codec: OpusCodec, counters?: DecodeCounters): AsyncGenerator<SpokenFrame> {
  return spokenFrames(track.chunks, codec, LIMITER_DELAY, counters);
}

/** Which fragment of the track a frame is in. */
export const fragmentOf = (track: Track, index: number): number => stayAt(track.stays, index * FRAME_SAMPLES);

const peakOf = (pcm: Float32Array): number => {
  let peak = 0;
  for (const value of pcm) {
    const magnitude = value < 0 ? -value : value;
    if (magnitude > peak) peak = magnitude;
  }
  return peak;
};

/** One level for each stay of the track. */
export async function measureTrack(
  track: Track,
  codec: OpusCodec,
  goal: LoudnessGoal,
  counters: DecodeCounters,
): Promise<Level[]> {
  const plain = track.stays.map(() => ({ meter: new GapMeter(), peak: 0 }));
  for await (const frame of limitedInput(track, codec, counters)) {
    const one = plain[fragmentOf(track, frame.index)];
    if (!one) continue;
    one.meter.add(frame);
    one.peak = Math.max(one.peak, peakOf(frame.pcm));
  }
  const measured = plain.map(({ meter, peak }) => ({ before: meter.integrated, peak }));
  const trials = measured.map(({ before, peak }) => {
    const [gain = 0] = gainsToTry(before, goal);
    return needsLimiter(peak, gain, goal) ? new Trial(before, goal) : undefined;
  });
  if (trials.some((trial) => trial !== undefined)) {
    for await (const frame of limitedInput(track, codec)) trials[fragmentOf(track, frame.index)]?.add(frame);
  }
  return measured.map(({ before }, index) => {
    const trial = trials[index];
    if (trial) return trial.decide();
    const [gain = 0] = gainsToTry(before, goal);
    return levelOf(before, [{ gain, after: before + gain }], goal);
  });
}

/** The level of a mix, whose frames can be read as often as one likes. */
export async function measureMix(
  frames: () => AsyncIterable<SpokenFrame>,
  before: number,
  peak: number,
  goal: LoudnessGoal,
): Promise<Level> {
  const [gain = 0] = gainsToTry(before, goal);
  if (!needsLimiter(peak, gain, goal)) return levelOf(before, [{ gain, after: before + gain }], goal);
  const trial = new Trial(before, goal);
  for await (const frame of frames()) trial.add(frame);
  return trial.decide();
}

export { peakOf };
