/** Decodes a track and decides the gain of each of its fragments. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITER_DELAY } from '../audio/limiter.ts';
import type { OpusCodec } from '../audio/opus-codec.ts';
import { FRAME_SAMPLES } from '../audio/packet.ts';
import { Envelope } from './envelope.ts';
import { FrameSpool } from './frame-spool.ts';
import type { SpokenFrame } from './grid.ts';
import { type Level, type LoudnessGoal, levelOf } from './loudness-goal.ts';
import { type DecodeCounters, spokenFrames } from './spoken.ts';
import { stayAt, type Track } from './tracks.ts';

/** The frames of a track as the limiter wants them: what comes out of it lies on the grid. */
export function limitedInput(track: Track, codec: OpusCodec, counters?: DecodeCounters): Generator<SpokenFrame> {
  return spokenFrames(track, codec, LIMITER_DELAY, counters);
}

/** Which fragment of the track a frame is in. */
export const fragmentOf = (track: Track, index: number): number => stayAt(track.stays, index * FRAME_SAMPLES);

/** A sound of several people has room for all of them; one person may lie beside themselves where two spurts touch. dB */
const TRACK_HEADROOM = 0;
/** Decoded sound that is kept on disk for the second step; the rest is decoded again. Frames of 20 ms: about 600 MB, 50 minutes of speech. */
const KEPT_FRAMES = 150_000;

/** The decoded sound of tracks, between the two steps that need it. */
export class KeptTracks {
  readonly #directory: string;
  readonly #kept = new Map<Track, FrameSpool>();
  #room = KEPT_FRAMES;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Keeps the frames on their way, if all of them find room. */
  *keeping(track: Track, frames: Generator<SpokenFrame>): Generator<SpokenFrame> {
    const spool = new FrameSpool(this.#pathOf(track), TRACK_HEADROOM);
    let count = 0;
    for (const frame of frames) {
      count += 1;
      if (count <= this.#room) spool.add(frame);
      yield frame;
    }
    spool.end();
    if (count > this.#room) return;
    this.#room -= count;
    this.#kept.set(track, spool);
  }

  /** What was kept; undefined: it has to be decoded again. */
  frames(track: Track): Generator<SpokenFrame> | undefined {
    return this.#kept.get(track)?.frames();
  }

  async clear(tracks: readonly Track[]): Promise<void> {
    for (const track of tracks) await rm(this.#pathOf(track), { force: true });
  }

  #pathOf({ userId }: Track): string {
    return join(this.#directory, `${userId}.spool`);
  }
}

/** One level for each stay of the track. Calls `breathe` now and then. */
export async function measureTrack(
  track: Track,
  codec: OpusCodec,
  goal: LoudnessGoal,
  counters: DecodeCounters,
  kept: KeptTracks,
  breathe: () => Promise<void> | undefined,
): Promise<Level[]> {
  const envelopes = track.stays.map(() => new Envelope());
  for (const frame of kept.keeping(track, limitedInput(track, codec, counters))) {
    envelopes[fragmentOf(track, frame.index)]?.add(frame);
    await breathe();
  }
  return envelopes.map((envelope) => levelOf(envelope, goal));
}
