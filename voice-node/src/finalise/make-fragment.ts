/** Makes the fragment of one stay that is over, while the recording goes on: the same as the end will make. */
import { setImmediate } from 'node:timers/promises';
import type { FinaliseOptions } from './finalise.ts';
import { FragmentMaker } from './fragment-maker.ts';
import type { OnlyStay } from './job.ts';
import { goal as defaultGoal } from './loudness-goal.ts';
import { KeptTracks, measureTrack } from './measure.ts';
import type { FinishedFragment } from './report.ts';
import { recordingOf } from './tracks.ts';

/** After so many frames the process looks at its messages. */
const FRAMES_AT_ONCE = 500;

export interface MakeFragmentOptions extends Omit<FinaliseOptions, 'onProgress'> {
  /** Its chunks, and those of before that may be one stay with it. */
  only: OnlyStay;
}

/**
 * None where the chunks know another stay: it goes on, for it touches the one before or after, or it was taken out.
 *
 * @throws {PatchbayError} `ogg_malformed` for a chunk that is no Ogg file
 */
export async function makeFragment(options: MakeFragmentOptions): Promise<FinishedFragment[]> {
  const { chunks, codec, directory, only, goal = defaultGoal } = options;
  const { tracks, outages } = recordingOf(chunks);
  const track = tracks.find(({ userId }) => userId === only.userId);
  // What was erased since may have made it shorter.
  const index = track?.stays.findIndex(([from, to]) => from === Math.max(0, only.from) && to <= only.to) ?? -1;
  if (!track || index < 0) return [];
  const span = track.stays[index];
  let frame = 0;
  const breathe = (): Promise<void> | undefined => {
    frame += 1;
    return frame % FRAMES_AT_ONCE === 0 ? setImmediate() : undefined;
  };
  const kept = new KeptTracks(directory);
  const levels = await measureTrack(track, codec, goal, { undecodable: 0, spoken: 0 }, kept, breathe);
  const wanted = (_: unknown, stay: unknown): boolean => stay === span;
  const maker = await FragmentMaker.open([track], [levels], { ...options, goal, outages, kept, wanted });
  // Written on the way.
  for (const _ of maker.levelled(track)) await breathe();
  await kept.clear([track]);
  return maker.close();
}
